/* Where an upstream connection goes: a task's address and port, or the web server's socket. */
#ifndef MIRAGE_PROXYD_TARGET_H
#define MIRAGE_PROXYD_TARGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct target {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } address;
};

/* An IPv4 or IPv6 address and a port. false when the text is no address. */
bool target_set_ip(struct target *t, const char *address, int port)
    __attribute__((warn_unused_result));

/* `unix:PATH`, or what socket_address_parse() takes. false when it is neither, or the path is too
 * long. */
bool target_parse(struct target *t, const char *text) __attribute__((warn_unused_result));

/* Whether a task may be there: task_address_is_allowed(). */
bool target_may_be_task(const struct target *t) __attribute__((warn_unused_result));

/* Options of a TCP socket to or from such an address: what is small goes at once, and a peer that
 * has vanished is noticed within two minutes, whether bytes are under way or not (tcp(7)). */
void target_set_options(int fd);

bool target_equal(const struct target *a, const struct target *b)
    __attribute__((warn_unused_result));

#endif
