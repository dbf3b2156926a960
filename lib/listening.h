/* Which ports of this machine are listened on at ::1 only, as the kernel lists the sockets
 * (proc(5), /proc/net/tcp and tcp6): nobody is connected to for it. */
#ifndef MIRAGE_LISTENING_H
#define MIRAGE_LISTENING_H

#include <stdbool.h>

/* All zero: none. */
struct listening {
    unsigned char v6_only[8192]; /* a bit a port */
};

/* Looks again. A port that nobody listens on now stays as it was: its program may be starting
 * again. A socket of :: is taken to be for both, as it is unless it was made otherwise. */
void listening_update(struct listening *l);

bool listening_v6_only(const struct listening *l, int port) __attribute__((warn_unused_result));

#endif
