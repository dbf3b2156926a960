#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "upstream.h"
#include "worker.h"

void conn_open(struct worker *w, int fd, size_t listen, const char *peer)
{
    struct epoll_event event = {.events = CONN_EVENTS};
    struct conn *c = calloc(1, sizeof *c);

    if (!c) {
        close(fd);
        return;
    }
    c->tag = TAG_CONN;
    c->fd = fd;
    c->worker = w;
    c->listen = listen;
    strncpy(c->peer, peer, sizeof c->peer - 1);
    c->peer_trusted = network_list_has(w->shared->config->network.trusted,
                                       w->shared->config->network.n_trusted, peer);
    event.data.ptr = c;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        close(fd);
        free(c);
        return;
    }
    c->next = w->conns;
    if (c->next)
        c->next->previous = c;
    w->conns = c;
    w->n_conns++;
    c->state = CONN_IDLE;
    timer_set(&c->timer, &w->timers[TIMER_HEADER], w->now);
}

static void leave_worker(struct conn *c)
{
    struct worker *w = c->worker;

    *(c->previous ? &c->previous->next : &w->conns) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    w->n_conns--;
    c->next = w->dead_conns;
    w->dead_conns = c;
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
    log_debug("%s: closed: %s", c->peer, reason);
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

void conn_set_state(struct conn *c, enum conn_state state)
{
    struct worker *w = c->worker;

    c->state = state;
    switch (state) {
    case CONN_IDLE:
        timer_set(&c->timer, &w->timers[TIMER_IDLE], w->now);
        break;
    case CONN_HEAD:
        timer_set(&c->timer, &w->timers[TIMER_HEADER], w->now);
        break;
    case CONN_LINGER:
        timer_set(&c->timer, &w->timers[TIMER_LINGER], w->now);
        break;
    default:
        timer_stop(&c->timer);
    }
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
