#include "worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "container_of.h"
#include "log.h"

#include "conn.h"
#include "conn_life.h"
#include "exchange.h"
#include "reply.h"

#define EVENTS_MAX   256
#define ACCEPTS_MAX  4   /* a listener's event: so that all workers get some */
#define MUTE_MS      100 /* after running out of descriptors */
#define POOL_IDLE_MS 30000
#define LINGER_MS    2000
#define TICK_MS      60000
#define SWEEP_MS     1000 /* routes that change more often are looked at together */
#define GONE_MS      30000
#define CONNS_A_PIPE 128 /* with few descriptors there are few pipes */

/* Of its connections a worker gives one address this part while their requests are not whole. */
#define STRANGERS_PART  8
#define STRANGERS_LEAST 32

/* --- timeouts --------------------------------------------------------------------------------- */

static struct conn *conn_of(struct timer *t)
{
    return container_of(t, struct conn, timer);
}

static void header_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    if (c->state == CONN_FRESH) {
        conn_close(c, "sent no request");
        return;
    }
    c->request.done = false;
    reply_refuse(c, 408, "its head was not whole in time");
    conn_run(c);
}

static void idle_expired(struct timer *t)
{
    conn_close(conn_of(t), "idle");
}

static void stall_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    if (c->state != CONN_ANSWER) {
        conn_close(c, "the client stands still");
        return;
    }
    reply_refuse(c, 408, "its body was not whole in time");
    conn_run(c);
}

static void linger_expired(struct timer *t)
{
    conn_close(conn_of(t), "ended after the last answer");
}

static void connect_expired(struct timer *t)
{
    struct conn *c = upstream_of(t)->conn;

    exchange_connect_timeout(c);
    conn_run(c);
}

static void answer_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    exchange_answer_timeout(c);
    conn_run(c);
}

static void tick_expired(struct timer *t)
{
    exchange_tick(container_of(t, struct conn, tick));
}

static void pool_expired(struct timer *t)
{
    upstream_close(upstream_of(t));
}

static void sweep_expired(struct timer *t)
{
    struct worker *w = container_of(t, struct worker, sweep);
    struct conn *c;

    LIST_FOREACH (c, &w->conns, link)
        if (c->upstream && exchange_is_gone(c))
            upstream_set_gone(c->upstream);
}

static void gone_expired(struct timer *t)
{
    struct conn *c = container_of(t, struct upstream, gone)->conn;

    if (exchange_is_gone(c)) { /* it may have come back */
        exchange_end(c);
        conn_run(c);
    }
}

static void set_timers(struct worker *w)
{
    const struct config *c = w->shared->config;

    timer_list_init(&w->timers[TIMER_NONE], 0, NULL);
    timer_list_init(&w->timers[TIMER_HEADER], c->network.header_timeout_ms, header_expired);
    timer_list_init(&w->timers[TIMER_IDLE], c->network.idle_timeout_ms, idle_expired);
    timer_list_init(&w->timers[TIMER_CONNECT], c->network.connect_timeout_ms, connect_expired);
    timer_list_init(&w->timers[TIMER_ANSWER], c->network.proxy_timeout_ms, answer_expired);
    timer_list_init(&w->timers[TIMER_STALL], c->network.idle_timeout_ms, stall_expired);
    timer_list_init(&w->timers[TIMER_LINGER], LINGER_MS, linger_expired);
    timer_list_init(&w->timers[TIMER_TICK], TICK_MS, tick_expired);
    timer_list_init(&w->timers[TIMER_POOL], POOL_IDLE_MS, pool_expired);
    timer_list_init(&w->timers[TIMER_SWEEP], SWEEP_MS, sweep_expired);
    timer_list_init(&w->timers[TIMER_GONE], GONE_MS, gone_expired);
}

/* When the next timer expires, monotonic ms; INT64_MAX: none runs. */
static int64_t next_timer(const struct worker *w)
{
    int64_t next = INT64_MAX;

    for (size_t i = TIMER_NONE + 1; i < TIMER_KINDS; i++)
        if (timer_next(&w->timers[i]) < next)
            next = timer_next(&w->timers[i]);
    return next;
}

/* Runs what is due. Returns when the next timer expires. */
static int64_t run_timers(struct worker *w)
{
    int64_t next;

    while ((next = next_timer(w)) <= w->now)
        for (size_t i = TIMER_NONE + 1; i < TIMER_KINDS; i++)
            timer_run(&w->timers[i], w->now);
    return next;
}

/* How long epoll_wait may sleep, in ms; -1: for ever. next_timer: as run_timers() said. */
static int sleep_ms(const struct worker *w, int64_t next_timer)
{
    int64_t next = w->muted && w->unmute_at < next_timer ? w->unmute_at : next_timer;

    if (next == INT64_MAX)
        return -1;
    next -= w->now;
    return next < 0 ? 0 : next > 60000 ? 60000 : (int)next;
}

/* --- accepting -------------------------------------------------------------------------------- */

static void watch_listeners(struct worker *w, bool watch)
{
    for (size_t i = 0; i < w->shared->config->listen.n_http; i++) {
        struct listener *l = &w->shared->listeners[i];
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = l};
        if (epoll_ctl(w->epoll, watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->fd, &event) < 0)
            log_error("cannot %s a listening socket: %s", watch ? "watch" : "leave",
                      strerror(errno));
    }
}

/* Without descriptors the listeners would wake us for ever: they rest for a moment. */
static void mute(struct worker *w, const char *reason)
{
    if (w->muted)
        return;
    log_warn("accepting no connections for a moment: %s", reason);
    watch_listeners(w, false);
    w->muted = true;
    w->unmute_at = w->now + MUTE_MS;
}

static void unmute_when_due(struct worker *w)
{
    if (!w->muted || w->now < w->unmute_at || w->draining)
        return;
    if (w->n_conns >= w->conns_max) {
        w->unmute_at = w->now + MUTE_MS;
        return;
    }
    w->muted = false;
    watch_listeners(w, true);
}

static const char *peer_text(const struct sockaddr_storage *peer, char text[CONN_PEER_MAX])
{
    const void *address = peer->ss_family == AF_INET
                              ? (const void *)&((const struct sockaddr_in *)peer)->sin_addr
                              : (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr;

    if (!inet_ntop(peer->ss_family, address, text, CONN_PEER_MAX))
        return "unknown";
    return !strncmp(text, "::ffff:", 7) && strchr(text, '.') ? text + 7 : text;
}

/* Whether a client waits at a listener. */
static bool somebody_waits(const struct listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* Ends a connection that nobody needs now, if there is one: the one that has been idle longest,
 * else the one whose request has been awaited longest. */
static bool make_room(struct worker *w)
{
    struct timer *t = TAILQ_FIRST(&w->timers[TIMER_IDLE].timers);

    if (!t)
        t = TAILQ_FIRST(&w->timers[TIMER_HEADER].timers);
    if (t)
        conn_close(conn_of(t), "makes room for a new client");
    return t;
}

/* A new connection of this address is there. Who has more than a share of those whose request is
 * awaited loses his own. */
static void bound_strangers(struct strangers *s, size_t max)
{
    while (s->n > max)
        conn_close(TAILQ_FIRST(&s->conns), "its address has too many whose request is not whole");
}

/* One connection. false when there is none to take. */
static bool accept_one(struct worker *w, const struct listener *l)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char text[CONN_PEER_MAX];
    int fd;

    /* Each client needs a second descriptor for its task: conns_max keeps one for it. */
    if (w->n_conns >= w->conns_max) {
        if (!somebody_waits(l))
            return false;
        if (!make_room(w)) {
            mute(w, "too many are open");
            return false;
        }
    }
    fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        struct conn *c = conn_open(w, fd, l->index, peer_text(&peer, text));
        if (c && c->awaited)
            bound_strangers(&w->strangers[c->address], w->strangers_max);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        mute(w, strerror(errno));
    return fd >= 0 || errno == EINTR || errno == ECONNABORTED;
}

static void accept_some(struct worker *w, const struct listener *l)
{
    for (int i = 0; i < ACCEPTS_MAX && !w->draining && accept_one(w, l); i++)
        ;
}

/* --- draining --------------------------------------------------------------------------------- */

/* Takes what was connected before the listeners close, ends what is idle and the tunnels, which
 * have no end of their own. What has a request in flight stays for its answer. */
static void drain(struct worker *w)
{
    struct conn *next;

    for (size_t i = 0; i < w->shared->config->listen.n_http; i++)
        while (accept_one(w, &w->shared->listeners[i]))
            ;
    if (!w->muted)
        watch_listeners(w, false);
    w->muted = false;
    w->draining = true;
    for (struct conn *c = LIST_FIRST(&w->conns); c; c = next) {
        next = LIST_NEXT(c, link);
        c->can_read = true; /* a request that is there already is taken */
        conn_run(c);
        if (c->state == CONN_FRESH || c->state == CONN_IDLE || c->state == CONN_TUNNEL)
            conn_close(c, "the proxy stops");
    }
    upstream_pool_close(w);
    atomic_fetch_add(&w->shared->n_draining, 1);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void woken(struct worker *w)
{
    struct route_snapshot *newer = atomic_exchange(&w->inbox, NULL);
    uint64_t count;

    if (read(w->wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("eventfd: %s", strerror(errno));
    if (newer) {
        route_unref(w->routes);
        w->routes = newer;
        if (!w->sweep.list)
            timer_set(&w->sweep, &w->timers[TIMER_SWEEP], w->now);
    }
    if (!w->draining && atomic_load(&w->shared->draining))
        drain(w);
}

static void dispatch(struct worker *w, const struct epoll_event *event)
{
    struct conn *c;

    switch (*(const enum tag *)event->data.ptr) {
    case TAG_CONN:
        conn_event(event->data.ptr, event->events);
        return;
    case TAG_UPSTREAM:
        c = upstream_event(event->data.ptr, event->events);
        if (c)
            conn_run(c);
        return;
    case TAG_LISTENER:
        accept_some(w, event->data.ptr);
        return;
    case TAG_WAKE:
        woken(w);
        return;
    }
    abort(); /* not one of ours: memory is broken */
}

/* Events that were fetched already may name what was closed in this pass: it is freed only now. */
static void free_dead(struct worker *w)
{
    while (!LIST_EMPTY(&w->dead_conns)) {
        struct conn *c = LIST_FIRST(&w->dead_conns);
        LIST_REMOVE(c, link);
        free(c);
    }
    while (!LIST_EMPTY(&w->dead_upstreams)) {
        struct upstream *u = LIST_FIRST(&w->dead_upstreams);
        LIST_REMOVE(u, link);
        free(u);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct epoll_event events[EVENTS_MAX];
    int64_t next = INT64_MAX;

    while (!w->draining || w->n_conns > 0) {
        int n = epoll_wait(w->epoll, events, EVENTS_MAX, sleep_ms(w, next));
        w->now = clock_monotonic_ms();
        for (int i = 0; i < n; i++)
            dispatch(w, &events[i]);
        next = run_timers(w);
        unmute_when_due(w);
        free_dead(w);
    }
    return NULL;
}

void worker_free(struct worker *w)
{
    while (!LIST_EMPTY(&w->conns))
        conn_close(LIST_FIRST(&w->conns), "the proxy stops");
    upstream_pool_close(w);
    free_dead(w);
    block_pool_free(&w->blocks);
    pipe_pool_free(&w->pipes);
    route_unref(w->routes);
    route_unref(atomic_load(&w->inbox));
    if (w->wake.fd >= 0)
        close(w->wake.fd);
    if (w->epoll >= 0)
        close(w->epoll);
    free(w);
}

struct worker *worker_start(struct shared *shared, struct count_worker *counts,
                            struct route_snapshot *routes, size_t conns_max, struct err *e)
{
    struct worker *w = calloc(1, sizeof *w);
    struct epoll_event event = {.events = EPOLLIN};
    int error;

    if (!w) {
        err_set(e, ERR_INTERNAL, "out of memory");
        return NULL;
    }
    w->shared = shared;
    w->counts = counts;
    w->pipes.max =
        conns_max / CONNS_A_PIPE < PIPES_MAX ? (unsigned)(conns_max / CONNS_A_PIPE) : PIPES_MAX;
    w->conns_max = conns_max - w->pipes.max; /* a pipe takes as many descriptors as a client */
    w->now = clock_monotonic_ms();
    w->wake.tag = TAG_WAKE;
    w->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    event.data.ptr = &w->wake;
    if (w->wake.fd < 0 || w->epoll < 0 ||
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake.fd, &event) < 0) {
        err_system(e, errno, "cannot start a worker");
        worker_free(w);
        return NULL;
    }
    set_timers(w);
    for (size_t i = 0; i < STRANGER_BUCKETS; i++)
        TAILQ_INIT(&w->strangers[i].conns);
    w->strangers_max = w->conns_max / STRANGERS_PART < STRANGERS_LEAST
                           ? STRANGERS_LEAST
                           : w->conns_max / STRANGERS_PART;
    watch_listeners(w, true);
    route_ref(routes);
    w->routes = routes;
    error = pthread_create(&w->thread, NULL, run, w);
    if (error) {
        err_system(e, error, "cannot start a thread");
        worker_free(w);
        return NULL;
    }
    return w;
}

void worker_give_routes(struct worker *w, struct route_snapshot *routes)
{
    route_ref(routes);
    route_unref(atomic_exchange(&w->inbox, routes));
    worker_wake(w);
}

void worker_wake(struct worker *w)
{
    const uint64_t one = 1;

    if (write(w->wake.fd, &one, sizeof one) < 0)
        log_error("eventfd: %s", strerror(errno));
}

pthread_t worker_thread(const struct worker *w)
{
    return w->thread;
}
