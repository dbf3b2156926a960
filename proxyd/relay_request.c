/* The request's way to the task. */
#include "relay.h"

#include <sys/socket.h>

#include "conn.h"
#include "reply.h"
#include "upstream.h"
#include "waiting.h"
#include "worker.h"

/* The task takes no more of the request. It may have answered before it closed. */
static void write_failed(struct conn *c)
{
    struct upstream *u = c->upstream;

    u->write_failed = true;
    u->can_read = true;
    u->hung_up = true;
    outbuf_free(&u->out);
}

/* Puts bytes that were read but not used into the block. */
static bool keep_rest(struct conn *c, const char *bytes, size_t len)
{
    if (len == 0)
        return true;
    if (outbuf_release(&c->upstream->out, c->upstream->fd) == OUTBUF_FAILED)
        write_failed(c); /* the block moves: what is held in it must be gone */
    c->head_len = 0;
    return block_append(&c->worker->blocks, &c->in, bytes, len);
}

/* How much to receive at once: nothing behind a body of known length, and never more than the
 * block can hold of a trailer section, or of what follows a body. */
static size_t room_for_input(const struct conn *c)
{
    size_t kept = c->in ? c->in->end - c->in->start : 0;

    if (c->request.in == HTTP_BODY_LENGTH)
        return c->request.left < OUTBUF_READ_MAX ? (size_t)c->request.left : OUTBUF_READ_MAX;
    return BLOCK_LARGE - kept;
}

/* What there is of the request's body: in the block, or just received into the scratch. */
static enum io_read next_input(struct conn *c, const char **bytes, size_t *len)
{
    struct worker *w = c->worker;
    bool some = c->in && c->in->start < c->in->end;
    enum io_read read;

    if (!some || c->starved) {
        if (!c->can_read)
            return IO_NOTHING;
        read = conn_receive(c->fd, w->scratch, room_for_input(c), &c->can_read, c->hung_up, len);
        *bytes = w->scratch;
        if (read != IO_SOME || !some)
            return read;
        if (!keep_rest(c, w->scratch, *len))
            return IO_BROKE;
    }
    *bytes = c->in->bytes + c->in->start;
    *len = c->in->end - c->in->start;
    return IO_SOME;
}

/* Accounts for `used` of the bytes that next_input() gave. false: no memory for the rest. */
static bool use_input(struct conn *c, const char *bytes, size_t len, size_t used)
{
    if (bytes != c->worker->scratch) {
        c->in->start += used;
        c->starved = used == 0;
        if (c->in->start == c->in->end && c->head_len == 0)
            block_put(&c->worker->blocks, &c->in);
        return true;
    }
    c->replayable = false;
    c->starved = used < len && !c->request.done;
    return keep_rest(c, bytes + used, len - used);
}

static enum relay no_input(struct conn *c, enum io_read read)
{
    if (read == IO_NOTHING)
        return RELAY_WAITS;
    conn_close(c, "the client left amid its request");
    return RELAY_ENDED;
}

/* Moves a part of a long body. */
static enum relay splice_request(struct conn *c, struct pipe *p)
{
    struct upstream *u = c->upstream;
    enum io_read read = pipe_fill(p, c->fd, c->request.left, &c->can_read);

    if (read != IO_SOME) {
        pipe_put(&p);
        return no_input(c, read);
    }
    c->replayable = false;
    body_skip(&c->request, p->held);
    if (outbuf_pipe(&u->out, u->fd, p) == OUTBUF_FAILED)
        write_failed(c);
    return RELAY_MOVED;
}

static enum relay copy_request(struct conn *c)
{
    struct upstream *u = c->upstream;
    const char *bytes;
    size_t len, used;
    enum io_read read = next_input(c, &bytes, &len);

    if (read != IO_SOME)
        return no_input(c, read);
    switch (body_pass(&c->request, bytes, len, &used, &u->out, u->fd)) {
    case BODY_OK:
        break;
    case BODY_MALFORMED:
        if (c->state == CONN_ANSWER)
            reply_refuse(c, 400, "its chunks or trailers are malformed");
        else
            conn_close(c, "malformed request body");
        return RELAY_ENDED;
    case BODY_FAILED:
        write_failed(c);
        return RELAY_MOVED;
    }
    if (use_input(c, bytes, len, used))
        return RELAY_MOVED;
    conn_close(c, "out of memory");
    return RELAY_ENDED;
}

/* A pipe, if the next bytes are still in the socket, are many, and no head has to go before
 * them. */
static struct pipe *pipe_for(struct conn *c)
{
    bool buffered = c->in && c->in->start < c->in->end;

    return !buffered && c->upstream->out.n_held == 0 && c->can_read && body_is_long(&c->request)
               ? pipe_get(&c->worker->pipes)
               : NULL;
}

enum relay relay_request(struct conn *c)
{
    struct upstream *u = c->upstream;

    if (!u->write_failed && outbuf_flush(&u->out, u->fd) == OUTBUF_FAILED)
        write_failed(c);
    for (int turn = 0; !c->request.done && !u->write_failed && outbuf_is_empty(&u->out); turn++) {
        enum relay result;
        struct pipe *p;
        if (turn == CONN_TURN) {
            conn_rearm(c->worker, c->fd, c);
            break;
        }
        p = pipe_for(c);
        result = p ? splice_request(c, p) : copy_request(c);
        if (result != RELAY_MOVED)
            return result;
    }
    return RELAY_WAITS;
}

void relay_begin(struct conn *c, const struct http_request *r)
{
    struct worker *w = c->worker;
    struct upstream *u = c->upstream;
    char host[HOST_SIZE];

    conn_set_state(c, CONN_ANSWER);
    if (c->waiting)
        waiting_forward(c, r, host);
    else
        forward_request(&w->forward, conn_head(c), r, c->peer);
    outbuf_hold(&u->out, w->forward.iov, w->forward.n);
    if (relay_request(c) == RELAY_ENDED)
        return;
    if (!u->write_failed && outbuf_release(&u->out, u->fd) == OUTBUF_FAILED)
        write_failed(c);
}
