/* The life of a client's connection: heads are read, each request becomes an exchange, answers go
 * out, what is left of the client's bytes is thrown away. */
#include "conn_life.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "container_of.h"

#include "conn.h"
#include "exchange.h"
#include "reply.h"
#include "tunnel.h"
#include "worker.h"

#define HALF_CLOSED_PROBE_S 15
#define CONN_RUNS           64 /* changes of state in a row; then others have their turn */

static void refuse_head(struct conn *c, int status, const char *why)
{
    c->request.done = false; /* nothing that follows is a request */
    reply_refuse(c, status, why);
}

/* A head that does not end: its first line is too long, or all of it is. */
static void refuse_long_head(struct conn *c)
{
    size_t len = c->in->end - c->in->start;
    size_t line = HTTP_TARGET_MAX + 64; /* and method and version */

    if (memchr(c->in->bytes + c->in->start, '\n', len < line ? len : line))
        refuse_head(c, 431, "its head is longer than 32 KiB");
    else
        refuse_head(c, 414, "its target is longer than 16 KiB");
}

/* Looks whether the head is whole, and begins the exchange if it is. false: more is needed. */
static bool take_head(struct conn *c)
{
    struct block *b = c->in;
    long n;

    if (!b || b->start == b->end)
        return false;
    n = http_head_end(b->bytes + b->start, b->end - b->start, true, &c->scanned);
    if (n == 0 && b->end - b->start <= HTTP_HEAD_MAX)
        return false;
    c->method = HTTP_METHOD_OTHER;
    c->minor = 1;
    if (n < 0)
        refuse_head(c, 400,
                    "it is no HTTP/1.x: another protocol, a bare CR or LF, or a control byte");
    else if (n == 0 || n > HTTP_HEAD_MAX)
        refuse_long_head(c);
    else {
        c->head_at = b->start;
        c->head_len = (size_t)n;
        b->start += (size_t)n;
        c->scanned = 0;
        exchange_begin(c);
    }
    return true;
}

static void end_of_input(struct conn *c)
{
    conn_close(c, c->state == CONN_HEAD ? "the client left amid a head" : "the client ended it");
}

/* Ends those that have waited longest while heads that are not whole take too much memory. */
static void bound_heads(struct conn *c)
{
    struct worker *w = c->worker;

    while (w->head_bytes > HEAD_BYTES_MAX && !w->draining) {
        struct timer *oldest = TAILQ_FIRST(&w->timers[TIMER_HEADER].timers);
        conn_close(oldest ? container_of(oldest, struct conn, timer) : c,
                   "too many heads are not whole");
    }
}

static void read_head(struct conn *c)
{
    struct worker *w = c->worker;

    while (c->state <= CONN_HEAD) {
        size_t n;
        if (take_head(c))
            return;
        if (!c->can_read)
            break;
        if (!c->in && !(c->in = block_get(&w->blocks))) {
            conn_close(c, "out of memory");
            return;
        }
        if (c->in->end == c->in->cap && !block_make_room(&w->blocks, &c->in)) {
            conn_close(c, "out of memory");
            return;
        }
        switch (conn_receive(c->fd, c->in->bytes + c->in->end, c->in->cap - c->in->end,
                             &c->can_read, c->hung_up, &n)) {
        case IO_SOME:
            c->in->end += n;
            break;
        case IO_NOTHING:
            break;
        case IO_END:
        case IO_BROKE:
            end_of_input(c);
            return;
        }
    }
    if (c->in && c->in->start == c->in->end)
        block_put(&w->blocks, &c->in);
    else if (c->in) {
        if (c->state != CONN_HEAD)
            conn_set_state(c, CONN_HEAD);
        conn_count_head(c);
        bound_heads(c);
    }
}

/* Throws away what still comes, so that closing does not reset what the client has yet to read. */
static void linger(struct conn *c)
{
    enum io_read read = IO_NOTHING;
    size_t n;

    block_put(&c->worker->blocks, &c->in);
    for (int turn = 0; c->can_read; turn++) {
        if (turn == CONN_TURN) {
            conn_rearm(c->worker, c->fd, c);
            return;
        }
        read =
            conn_receive(c->fd, c->worker->scratch, OUTBUF_READ_MAX, &c->can_read, c->hung_up, &n);
        if (read != IO_SOME)
            break;
    }
    if (read == IO_END || read == IO_BROKE)
        conn_close(c, "ended after the last answer");
}

static void run_reply(struct conn *c)
{
    switch (outbuf_flush(&c->out, c->fd)) {
    case OUTBUF_DONE:
        conn_next(c);
        break;
    case OUTBUF_FAILED:
        conn_close(c, "the client left");
        break;
    case OUTBUF_WAITS:
        conn_wait_for(c, CONN_WAIT_CLIENT);
        break;
    }
}

void conn_run(struct conn *c)
{
    enum conn_state before;
    int turn = 0;

    do {
        if (turn++ == CONN_RUNS) { /* many requests in a row that were answered here */
            conn_rearm(c->worker, c->fd, c);
            return;
        }
        before = c->state;
        switch (c->state) {
        case CONN_FRESH:
        case CONN_IDLE:
        case CONN_HEAD:
            read_head(c);
            break;
        case CONN_CONNECT:
        case CONN_ANSWER:
        case CONN_BODY:
            exchange_run(c);
            break;
        case CONN_TUNNEL:
            tunnel_run(c);
            break;
        case CONN_REPLY:
            run_reply(c);
            break;
        case CONN_LINGER:
            linger(c);
            break;
        case CONN_CLOSED:
            break;
        }
    } while (c->state != before && c->state != CONN_CLOSED);
}

/* The client has ended its side. Its request is whole, so it may wait for the answer: or it is
 * gone. Probes find out: a socket that was closed answers them with a reset. */
static void probe_half_closed(struct conn *c)
{
    const int idle = HALF_CLOSED_PROBE_S;

    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
}

void conn_event(struct conn *c, uint32_t events)
{
    assert(c->tag == TAG_CONN);
    if (c->state == CONN_CLOSED)
        return;
    /* HUP alone: both sides have ended theirs, which a tunnel may still have to read up to. */
    if (events & EPOLLERR || (events & EPOLLHUP && c->state != CONN_TUNNEL)) {
        conn_close(c, "the client reset it");
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
        c->can_read = true;
    if (events & EPOLLRDHUP && !c->hung_up) {
        c->hung_up = true;
        probe_half_closed(c);
    }
    conn_run(c);
}
