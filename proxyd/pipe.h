/* Pipes for long bodies: splice(2) moves pages from one socket into a pipe and from there into
 * the other socket, without copying. A worker has a few; when none is free, the body is copied, as
 * short ones are. What the second socket does not take (PIPE_SIZE at most) stays in the pipe, which
 * then belongs to that body. */
#ifndef MIRAGE_PROXYD_PIPE_H
#define MIRAGE_PROXYD_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "io.h"

#define PIPE_SIZE  262144
#define PIPES_MAX  32    /* a worker at most */
#define PIPE_WORTH 65536 /* with less to come of a body, copying is as cheap */

struct pipe {
    SLIST_ENTRY(pipe) link; /* while nobody has it */
    struct pipe_pool *pool;
    int read_end, write_end;
    size_t held; /* bytes in it */
};

struct pipe_pool {
    SLIST_HEAD(pipes, pipe) unused; /* empty ones */
    unsigned n_open, max;           /* two descriptors each */
};

/* An empty pipe; NULL when there are enough, or no descriptors or memory for one. */
struct pipe *pipe_get(struct pipe_pool *pool) __attribute__((warn_unused_result));

/* Gives it back, or closes it if something is in it, and sets the pointer to NULL. NULL is fine. */
void pipe_put(struct pipe **p);

/* Moves up to `size` bytes from the socket into the pipe, which is empty; p->held: how many came.
 * Clears *can_read when an event will tell of more. */
enum io_read pipe_fill(struct pipe *p, int fd, size_t size, bool *can_read)
    __attribute__((warn_unused_result));

/* What emptying a pipe came to. */
enum pipe_drained {
    PIPE_EMPTY,
    PIPE_HOLDS,  /* the socket takes no more now */
    PIPE_FAILED, /* errno */
};

/* Moves what is in it to the socket. */
enum pipe_drained pipe_drain(struct pipe *p, int fd) __attribute__((warn_unused_result));

void pipe_pool_free(struct pipe_pool *pool);

#endif
