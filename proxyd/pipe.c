#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void close_pipe(struct pipe *p)
{
    p->pool->n_open--;
    close(p->read_end);
    close(p->write_end);
    free(p);
}

static struct pipe *open_pipe(struct pipe_pool *pool)
{
    struct pipe *p;
    int ends[2];

    if (pool->n_open >= pool->max || !(p = calloc(1, sizeof *p)))
        return NULL;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) {
        free(p);
        return NULL;
    }
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* if refused, it moves less at once */
    p->pool = pool;
    p->read_end = ends[0];
    p->write_end = ends[1];
    pool->n_open++;
    return p;
}

struct pipe *pipe_get(struct pipe_pool *pool)
{
    struct pipe *p = SLIST_FIRST(&pool->unused);

    if (!p)
        return open_pipe(pool);
    SLIST_REMOVE_HEAD(&pool->unused, link);
    return p;
}

void pipe_put(struct pipe **p)
{
    if (*p && (*p)->held > 0)
        close_pipe(*p);
    else if (*p) {
        SLIST_INSERT_HEAD(&(*p)->pool->unused, *p, link);
    }
    *p = NULL;
}

enum io_read pipe_fill(struct pipe *p, int fd, size_t size, bool *can_read)
{
    ssize_t n;

    do
        n = splice(fd, NULL, p->write_end, NULL, size < PIPE_SIZE ? size : PIPE_SIZE,
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        *can_read = false;
        return errno == EAGAIN ? IO_NOTHING : IO_BROKE;
    }
    p->held = (size_t)n;
    return n > 0 ? IO_SOME
                 : IO_END; /* fewer bytes than asked for may be all that the pipe has slots for */
}

enum pipe_drained pipe_drain(struct pipe *p, int fd)
{
    while (p->held > 0) {
        ssize_t n = splice(p->read_end, NULL, fd, NULL, p->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? PIPE_HOLDS : PIPE_FAILED;
        p->held -= (size_t)n;
    }
    return PIPE_EMPTY;
}

void pipe_pool_free(struct pipe_pool *pool)
{
    while (!SLIST_EMPTY(&pool->unused)) {
        struct pipe *p = SLIST_FIRST(&pool->unused);
        SLIST_REMOVE_HEAD(&pool->unused, link);
        close_pipe(p);
    }
}
