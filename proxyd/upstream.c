#include "upstream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "container_of.h"
#include "hash.h"
#include "log.h"

#include "conn.h"
#include "worker.h"

#define UNREPLAYABLE_IDLE_MS 1000

struct upstream *upstream_of(struct timer *t)
{
    return container_of(t, struct upstream, timer);
}

#define TO(state) (1u << (state))

/* Of each state: its name, the timer that runs in it, and what may follow. */
static const struct {
    const char *name;
    enum timer_kind timer;
    unsigned next;
} states[] = {
    [UPSTREAM_CONNECTING] = {"connects", TIMER_CONNECT, TO(UPSTREAM_BUSY) | TO(UPSTREAM_CLOSED)},
    [UPSTREAM_BUSY] = {"is busy", TIMER_NONE, TO(UPSTREAM_IDLE) | TO(UPSTREAM_CLOSED)},
    [UPSTREAM_IDLE] = {"is idle", TIMER_POOL, TO(UPSTREAM_BUSY) | TO(UPSTREAM_CLOSED)},
    [UPSTREAM_CLOSED] = {"is closed", TIMER_NONE, 0},
};

static void __attribute__((cold, noinline)) trace(const struct upstream *u)
{
    log_debug("task's connection [%d] %s", u->fd, states[u->state].name);
}

static void enter(struct upstream *u, enum upstream_state state)
{
    struct worker *w = u->worker;

    u->state = state;
    if (log_is_debug())
        trace(u);
    timer_set(&u->timer, &w->timers[states[state].timer], w->now);
}

/* Goes from its state to one that may follow it, and starts that state's timer. */
static void set_state(struct upstream *u, enum upstream_state state)
{
    assert(states[u->state].next & TO(state));
    enter(u, state);
}

static struct upstream_list *bucket_of(struct worker *w, const struct target *t)
{
    return &w->pool.buckets[hash_bytes(&t->address, t->len) % UPSTREAM_BUCKETS];
}

static struct upstream *take_idle(struct worker *w, const struct target *t, bool replayable)
{
    struct upstream *u;

    LIST_FOREACH (u, bucket_of(w, t), link)
        if (target_equal(&u->target, t))
            break;
    if (!u || (!replayable && w->now - u->idle_since > UNREPLAYABLE_IDLE_MS))
        return NULL;
    LIST_REMOVE(u, link);
    set_state(u, UPSTREAM_BUSY);
    u->reused = true;
    u->can_read = u->keep_alive = false;
    return u;
}

/* The connection that has been idle longest makes room. */
static void evict(struct worker *w)
{
    struct timer *oldest = TAILQ_FIRST(&w->timers[TIMER_POOL].timers);

    if (oldest)
        upstream_close(upstream_of(oldest));
}

static int open_socket(struct worker *w, const struct target *t)
{
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd;

    if (w->n_upstreams >= w->conns_max)
        evict(w);
    fd = socket(t->address.any.sa_family, type, 0);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    evict(w);
    return socket(t->address.any.sa_family, type, 0);
}

static struct upstream *connect_new(struct worker *w, const struct target *t, int *error)
{
    struct upstream *u = calloc(1, sizeof *u);
    struct epoll_event event = {.events = CONN_EVENTS};
    bool connected;

    *error = ENOMEM;
    if (!u)
        return NULL;
    u->tag = TAG_UPSTREAM;
    u->worker = w;
    u->target = *t;
    u->bucket = bucket_of(w, t);
    u->fd = open_socket(w, t);
    event.data.ptr = u;
    if (u->fd < 0)
        goto fail;
    if (t->address.any.sa_family != AF_UNIX)
        target_set_options(u->fd);
    connected = connect(u->fd, &t->address.any, t->len) == 0;
    if (!connected && errno != EINPROGRESS)
        goto fail;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, u->fd, &event) < 0)
        goto fail;
    enter(u, connected ? UPSTREAM_BUSY : UPSTREAM_CONNECTING);
    w->n_upstreams++;
    return u;
fail:
    *error = errno;
    if (u->fd >= 0)
        close(u->fd);
    free(u);
    return NULL;
}

struct upstream *upstream_get(struct worker *w, const struct target *t, bool replayable, bool fresh,
                              int *error)
{
    struct upstream *u = fresh ? NULL : take_idle(w, t, replayable);

    return u ? u : connect_new(w, t, error);
}

/* Whether there may be bytes behind the answer: the last reading filled the buffer, so that no
 * event will tell of them. They must not become the answer to another request. */
static bool has_unread(const struct upstream *u)
{
    char byte;

    return u->can_read && (recv(u->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN);
}

static void tally(struct upstream *u)
{
    tally_add(&u->worker->tally->request_bytes, u->out.written - u->counted);
    u->counted = u->out.written;
}

void upstream_release(struct upstream *u)
{
    struct worker *w = u->worker;

    if (u->hung_up || u->write_failed || !outbuf_is_empty(&u->out) || w->draining ||
        has_unread(u)) {
        upstream_close(u);
        return;
    }
    tally(u);
    block_put(&w->blocks, &u->in);
    u->scanned = 0;
    u->conn = NULL;
    timer_stop(&u->gone);
    set_state(u, UPSTREAM_IDLE);
    u->idle_since = w->now;
    LIST_INSERT_HEAD(u->bucket, u, link);
}

void upstream_close(struct upstream *u)
{
    struct worker *w = u->worker;

    if (u->state == UPSTREAM_CLOSED)
        return;
    if (u->state == UPSTREAM_IDLE)
        LIST_REMOVE(u, link);
    set_state(u, UPSTREAM_CLOSED);
    tally(u);
    timer_stop(&u->gone);
    w->n_upstreams--;
    close(u->fd);
    u->fd = -1;
    block_put(&w->blocks, &u->in);
    outbuf_free(&u->out);
    u->conn = NULL;
    LIST_INSERT_HEAD(&w->dead_upstreams, u, link);
}

void upstream_set_gone(struct upstream *u)
{
    if (!u->gone.list)
        timer_set(&u->gone, &u->worker->timers[TIMER_GONE], u->worker->now);
}

/* The attempt to connect has come to its end. */
static void connected(struct upstream *u)
{
    socklen_t len = sizeof u->error;

    if (getsockopt(u->fd, SOL_SOCKET, SO_ERROR, &u->error, &len) < 0)
        u->error = errno;
    if (u->error == 0)
        set_state(u, UPSTREAM_BUSY);
}

struct conn *upstream_event(struct upstream *u, uint32_t events)
{
    assert(u->tag == TAG_UPSTREAM);
    if (u->state == UPSTREAM_CLOSED)
        return NULL;
    if (u->state == UPSTREAM_CONNECTING && events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        connected(u);
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        u->can_read = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        u->hung_up = true;
    if (u->state == UPSTREAM_IDLE) {
        if (u->can_read)
            upstream_close(u);
        return NULL;
    }
    return u->conn;
}

void upstream_pool_close(struct worker *w)
{
    for (size_t i = 0; i < UPSTREAM_BUCKETS; i++)
        while (!LIST_EMPTY(&w->pool.buckets[i]))
            upstream_close(LIST_FIRST(&w->pool.buckets[i]));
}
