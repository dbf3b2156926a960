/* Bytes on their way to a socket. What the socket does not take at once is kept, and nothing
 * more is read from the other side until it has gone. So the buffer never holds more than a head
 * and OUTBUF_READ_MAX. */
#ifndef MIRAGE_PROXYD_OUTBUF_H
#define MIRAGE_PROXYD_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "pipe.h"

#define OUTBUF_READ_MAX   65536 /* how much is read at once to be passed on */
#define OUTBUF_PIECES_MAX 640   /* held and written in one call */

struct outbuf {
    char *data; /* NULL while there is nothing */
    size_t start, end, cap;
    struct pipe *pipe;        /* what goes before it: of a long body; NULL while there is none */
    uint64_t written;         /* bytes, ever */
    const struct iovec *held; /* pieces to go with what is written next: see outbuf_hold() */
    int n_held;
};

enum outbuf_result { OUTBUF_DONE, OUTBUF_WAITS, OUTBUF_FAILED };

static inline bool outbuf_is_empty(const struct outbuf *o)
{
    return o->start == o->end && !o->pipe;
}

/* Writes the pieces behind what waits already. OUTBUF_WAITS: some of it waits; OUTBUF_FAILED: errno
 * says why (ENOMEM included). Changes the iovecs. */
enum outbuf_result outbuf_write(struct outbuf *o, int fd, struct iovec *iov, int n)
    __attribute__((warn_unused_result));

/* Keeps pieces (a head) that go in one call with what the next outbuf_write() writes, or alone
 * with outbuf_release(). The pieces and their bytes must stay until then. Only one set can be held.
 * */
void outbuf_hold(struct outbuf *o, const struct iovec *iov, int n);
enum outbuf_result outbuf_release(struct outbuf *o, int fd) __attribute__((warn_unused_result));

/* Writes what the pipe holds, and owns it from now on. Nothing may wait. */
enum outbuf_result outbuf_pipe(struct outbuf *o, int fd, struct pipe *p)
    __attribute__((warn_unused_result));

/* Writes what waits. */
enum outbuf_result outbuf_flush(struct outbuf *o, int fd) __attribute__((warn_unused_result));

void outbuf_free(struct outbuf *o);

#endif
