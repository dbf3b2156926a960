#include "conn_life.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "conn.h"
#include "conn_head.h"
#include "exchange.h"
#include "tunnel.h"
#include "worker.h"

#define HALF_CLOSED_PROBE_S 15
#define CONN_RUNS           64 /* changes of state in a row; then others have their turn */

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
            conn_read_head(c);
            break;
        case CONN_HELD:   /* until there are new routes */
        case CONN_JOINED: /* until the page is there */
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
