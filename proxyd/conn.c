#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hash.h"
#include "log.h"

#include "io.h"
#include "page_share.h"
#include "upstream.h"
#include "worker.h"

#define TO(state) (1u << (state))

/* What a whole head leads to. */
enum { BEGUN = TO(CONN_JOINED) | TO(CONN_CONNECT) | TO(CONN_ANSWER) | TO(CONN_REPLY) };

/* Of each state: its name, the timer that runs in it, and what may follow. In CONN_ANSWER and
 * CONN_BODY the timer depends on whom the exchange waits for: conn_wait_for(). */
static const struct {
    const char *name;
    enum timer_kind timer;
    unsigned next;
} states[] = {
    [CONN_FRESH] = {"is open", TIMER_HEADER,
                    TO(CONN_HEAD) | TO(CONN_HELD) | BEGUN | TO(CONN_CLOSED)},
    [CONN_IDLE] = {"waits for a request", TIMER_IDLE,
                   TO(CONN_HEAD) | TO(CONN_HELD) | BEGUN | TO(CONN_CLOSED)},
    [CONN_HEAD] = {"has a part of a head", TIMER_HEADER, TO(CONN_HELD) | BEGUN | TO(CONN_CLOSED)},
    [CONN_HELD] = {"waits for its environment", TIMER_HELD, BEGUN | TO(CONN_CLOSED)},
    [CONN_JOINED] = {"waits for another's page", TIMER_NONE, BEGUN | TO(CONN_CLOSED)},
    [CONN_CONNECT] = {"waits for a connection to a task", TIMER_NONE, BEGUN | TO(CONN_CLOSED)},
    [CONN_ANSWER] = {"waits for an answer", TIMER_NONE,
                     TO(CONN_CONNECT) | TO(CONN_ANSWER) | TO(CONN_BODY) | TO(CONN_TUNNEL) |
                         TO(CONN_REPLY) | TO(CONN_CLOSED)},
    [CONN_BODY] = {"passes on an answer", TIMER_NONE,
                   TO(CONN_IDLE) | TO(CONN_REPLY) | TO(CONN_LINGER) | TO(CONN_CLOSED)},
    [CONN_TUNNEL] = {"is a tunnel", TIMER_NONE, TO(CONN_CLOSED)},
    [CONN_REPLY] = {"has the last of an answer to take", TIMER_STALL,
                    TO(CONN_IDLE) | TO(CONN_LINGER) | TO(CONN_CLOSED)},
    [CONN_LINGER] = {"has its last answer", TIMER_LINGER, TO(CONN_CLOSED)},
    [CONN_CLOSED] = {"is closed", TIMER_NONE, 0},
};

static void __attribute__((cold, noinline)) trace(const struct conn *c)
{
    log_debug("%s [%d] %s", c->peer, c->fd, states[c->state].name);
}

/* Whether a request is awaited of which nothing, or a part, is there. */
static void set_awaited(struct conn *c, bool awaited)
{
    struct strangers *s;

    if (awaited == c->awaited || c->address == STRANGER_BUCKETS)
        return;
    c->awaited = awaited;
    s = &c->worker->strangers[c->address];
    if (awaited) {
        TAILQ_INSERT_TAIL(&s->conns, c, stranger);
        s->n++;
    } else {
        TAILQ_REMOVE(&s->conns, c, stranger);
        s->n--;
    }
}

static void enter(struct conn *c, enum conn_state state)
{
    struct worker *w = c->worker;

    if (c->state == CONN_HELD)
        atomic_fetch_sub(&w->shared->n_held, 1);
    if (state == CONN_HELD)
        atomic_fetch_add(&w->shared->n_held, 1);
    if (c->page && state != CONN_CONNECT && state != CONN_ANSWER) {
        page_share_settle(&w->pages, c->page);
        c->page = NULL;
    }
    c->state = state;
    set_awaited(c, state == CONN_FRESH || state == CONN_HEAD);
    if (c->head_bytes > 0 && state != CONN_HEAD) {
        w->head_bytes -= c->head_bytes;
        c->head_bytes = 0;
    }
    if (log_is_debug())
        trace(c);
    timer_set(&c->timer, &w->timers[states[state].timer], w->now);
}

void conn_set_state(struct conn *c, enum conn_state state)
{
    assert(states[c->state].next & TO(state));
    enter(c, state);
}

void conn_count_head(struct conn *c)
{
    c->worker->head_bytes += c->in->cap - c->head_bytes;
    c->head_bytes = c->in->cap;
}

void conn_wait_for(struct conn *c, enum conn_wait whom)
{
    struct timer_list *lists = c->worker->timers;

    assert(c->state == CONN_ANSWER || c->state == CONN_BODY || c->state == CONN_REPLY);
    if (whom == CONN_WAIT_CLIENT)
        timer_set(&c->timer, &lists[TIMER_STALL], c->worker->now);
    else if (whom == CONN_WAIT_TASK)
        timer_stop(&c->timer);
    else if (c->timer.list != &lists[TIMER_ANSWER])
        timer_set(&c->timer, &lists[TIMER_ANSWER], c->worker->now);
}

struct conn *conn_open(struct worker *w, int fd, size_t listen, const char *peer)
{
    struct epoll_event event = {.events = CONN_EVENTS};
    struct conn *c = calloc(1, sizeof *c);

    if (!c) {
        close(fd);
        return NULL;
    }
    c->tag = TAG_CONN;
    c->fd = fd;
    c->worker = w;
    c->listen = listen;
    strncpy(c->peer, peer, sizeof c->peer - 1);
    c->peer_trusted = network_list_has(w->shared->config->network.trusted,
                                       w->shared->config->network.n_trusted, peer);
    c->address = c->peer_trusted ? STRANGER_BUCKETS
                                 : hash_bytes(c->peer, strlen(c->peer)) % STRANGER_BUCKETS;
    event.data.ptr = c;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        close(fd);
        free(c);
        return NULL;
    }
    LIST_INSERT_HEAD(&w->conns, c, link);
    w->n_conns++;
    tally_add(&w->tally->connections, 1);
    tally_add(&w->tally->open, 1);
    enter(c, CONN_FRESH);
    return c;
}

static void leave_worker(struct conn *c)
{
    struct worker *w = c->worker;

    LIST_REMOVE(c, link);
    w->n_conns--;
    tally_add(&w->tally->open, (uint64_t)-1);
    LIST_INSERT_HEAD(&w->dead_conns, c, link);
}

void conn_drop_upstream(struct conn *c)
{
    if (c->upstream)
        upstream_close(c->upstream);
    c->upstream = NULL;
}

void conn_close(struct conn *c, const char *reason)
{
    if (c->state == CONN_CLOSED)
        return;
    log_debug("%s [%d] is to be closed: %s", c->peer, c->fd, reason);
    if (c->state == CONN_TUNNEL)
        tally_add(&c->worker->tally->open_tunnels, (uint64_t)-1);
    tally_end(c);
    conn_drop_upstream(c);
    conn_set_state(c, CONN_CLOSED);
    timer_stop(&c->tick);
    close(c->fd);
    c->fd = -1;
    block_put(&c->worker->blocks, &c->in);
    outbuf_free(&c->out);
    leave_worker(c);
}

void conn_abort(struct conn *c, const char *reason)
{
    const struct linger reset = {.l_onoff = 1};

    if (c->state != CONN_CLOSED)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    conn_close(c, reason);
}

enum io_read conn_receive(int fd, char *bytes, size_t size, bool *can_read, bool hung_up, size_t *n)
{
    ssize_t came;

    do
        came = io_receive(fd, bytes, size);
    while (came < 0 && errno == EINTR);
    *n = came > 0 ? (size_t)came : 0;
    if (came < 0) {
        *can_read = false;
        return errno == EAGAIN ? IO_NOTHING : IO_BROKE;
    }
    /* Less than asked for: the socket is empty (epoll(7)). With the end of the stream behind it
     * there will be no further event, so that it has to be read up to. */
    if (*n < size && !hung_up)
        *can_read = false;
    return came > 0 ? IO_SOME : IO_END;
}

void conn_rearm(struct worker *w, int fd, void *tagged)
{
    struct epoll_event event = {.events = CONN_EVENTS, .data.ptr = tagged};

    if (epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &event) < 0)
        log_error("epoll_ctl: %s", strerror(errno));
}

void conn_drop_head(struct conn *c)
{
    c->head_len = 0;
    c->replayable = false;
    if (c->in && c->in->start == c->in->end)
        block_put(&c->worker->blocks, &c->in);
}

void conn_next(struct conn *c)
{
    tally_end(c);
    timer_stop(&c->tick);
    c->starved = false;
    c->scanned = 0;
    if (c->said_last && !c->can_read && !c->in)
        conn_close(c, "ended after the last answer"); /* nothing can come that would reset it */
    else if (!c->keep_alive || c->worker->draining) {
        shutdown(c->fd, SHUT_WR);
        conn_set_state(c, CONN_LINGER);
    } else
        conn_set_state(c, CONN_IDLE);
}
