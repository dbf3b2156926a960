#include "outbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io.h"

#define FLAT_MAX 4096

/* Skips `written` bytes; returns the index of the first piece that has some left. */
static int skip(struct iovec *iov, int n, size_t written)
{
    int i = 0;

    for (; i < n && written >= iov[i].iov_len; i++)
        written -= iov[i].iov_len;
    if (i < n) {
        iov[i].iov_base = (char *)iov[i].iov_base + written;
        iov[i].iov_len -= written;
    }
    return i;
}

static bool keep(struct outbuf *o, const struct iovec *iov, int n)
{
    size_t more = 0, cap;

    for (int i = 0; i < n; i++)
        more += iov[i].iov_len;
    if (o->end + more > o->cap) {
        char *data;
        cap = o->end + more;
        data = realloc(o->data, cap);
        if (!data) {
            errno = ENOMEM;
            return false;
        }
        o->data = data;
        o->cap = cap;
    }
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len == 0)
            continue;
        memcpy(o->data + o->end, iov[i].iov_base, iov[i].iov_len);
        o->end += iov[i].iov_len;
    }
    return true;
}

/* Small messages go as one piece: copying them here costs less than a list costs the kernel. */
static ssize_t send_pieces(int fd, struct iovec *iov, int n)
{
    char flat[FLAT_MAX];
    size_t len = 0;
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)n};

    if (n == 1)
        return io_send(fd, iov[0].iov_base, iov[0].iov_len);
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len > sizeof flat - len)
            return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (iov[i].iov_len > 0)
            memcpy(flat + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    return io_send(fd, flat, len);
}

static enum outbuf_result write_pieces(struct outbuf *o, int fd, struct iovec *iov, int n)
{
    int first = 0;

    if (outbuf_is_empty(o)) {
        ssize_t written = send_pieces(fd, iov, n);
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            return OUTBUF_FAILED;
        if (written > 0)
            o->written += (size_t)written;
        first = skip(iov, n, written > 0 ? (size_t)written : 0);
        if (first == n)
            return OUTBUF_DONE;
    }
    return keep(o, iov + first, n - first) ? OUTBUF_WAITS : OUTBUF_FAILED;
}

enum outbuf_result outbuf_write(struct outbuf *o, int fd, struct iovec *iov, int n)
{
    struct iovec all[OUTBUF_PIECES_MAX];
    int held = o->n_held;

    if (held == 0)
        return write_pieces(o, fd, iov, n);
    if (held + n > OUTBUF_PIECES_MAX) {
        errno = EMSGSIZE;
        return OUTBUF_FAILED;
    }
    memcpy(all, o->held, (size_t)held * sizeof *all);
    if (n > 0)
        memcpy(all + held, iov, (size_t)n * sizeof *all);
    o->n_held = 0;
    return write_pieces(o, fd, all, held + n);
}

void outbuf_hold(struct outbuf *o, const struct iovec *iov, int n)
{
    o->held = iov;
    o->n_held = n;
}

enum outbuf_result outbuf_release(struct outbuf *o, int fd)
{
    if (o->n_held == 0)
        return outbuf_is_empty(o) ? OUTBUF_DONE : OUTBUF_WAITS;
    return outbuf_write(o, fd, NULL, 0);
}

static enum outbuf_result flush_pipe(struct outbuf *o, int fd)
{
    const size_t before = o->pipe->held;
    const enum pipe_drained result = pipe_drain(o->pipe, fd);

    o->written += before - o->pipe->held;
    switch (result) {
    case PIPE_EMPTY:
        pipe_put(&o->pipe);
        return OUTBUF_DONE;
    case PIPE_HOLDS:
        return OUTBUF_WAITS;
    case PIPE_FAILED:
        break;
    }
    return OUTBUF_FAILED;
}

enum outbuf_result outbuf_pipe(struct outbuf *o, int fd, struct pipe *p)
{
    o->pipe = p;
    return flush_pipe(o, fd);
}

enum outbuf_result outbuf_flush(struct outbuf *o, int fd)
{
    enum outbuf_result r = o->pipe ? flush_pipe(o, fd) : OUTBUF_DONE;

    if (r != OUTBUF_DONE || o->start == o->end)
        return r;
    while (o->start < o->end) {
        ssize_t n = io_send(fd, o->data + o->start, o->end - o->start);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? OUTBUF_WAITS : OUTBUF_FAILED;
        o->start += (size_t)n;
        o->written += (size_t)n;
    }
    free(o->data);
    o->data = NULL;
    o->start = o->end = o->cap = 0;
    return OUTBUF_DONE;
}

void outbuf_free(struct outbuf *o)
{
    free(o->data);
    pipe_put(&o->pipe);
    *o = (struct outbuf){.written = o->written};
}
