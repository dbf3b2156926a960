#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "container_of.h"
#include "log.h"

#include "accept.h"
#include "conn.h"
#include "conn_life.h"
#include "crowd.h"
#include "exchange.h"
#include "timeouts.h"
#include "waiting.h"

#define EVENTS_MAX   256
#define CONNS_A_PIPE 128 /* with few descriptors there are few pipes */

/* How long epoll_wait may sleep, in ms; -1: for ever. next_timer: as timeouts_run() said. */
static int sleep_ms(const struct worker *w, int64_t next_timer)
{
    int64_t next = w->pages.news                           ? w->now
                   : w->muted && w->unmute_at < next_timer ? w->unmute_at
                                                           : next_timer;

    if (next == INT64_MAX)
        return -1;
    next -= w->now;
    return next < 0 ? 0 : next > 60000 ? 60000 : (int)next;
}

/* --- draining --------------------------------------------------------------------------------- */

/* Takes what was connected before the listeners close, ends what is idle and the tunnels, which
 * have no end of their own. What has a request in flight stays for its answer. */
static void drain(struct worker *w)
{
    struct conn *next;

    for (size_t i = 0; i < w->shared->n_listeners; i++)
        while (accept_one(w, &w->shared->listeners[i]))
            ;
    if (!w->muted)
        accept_watch(w, false);
    w->muted = false;
    w->draining = true;
    for (struct conn *c = LIST_FIRST(&w->conns); c; c = next) {
        next = LIST_NEXT(c, link);
        if (c->state == CONN_HELD)
            waiting_reply_late(c);
        else
            c->can_read = true; /* a request that is there already is taken */
        conn_run(c);
        if (c->state == CONN_FRESH || c->state == CONN_IDLE || c->state == CONN_TUNNEL)
            conn_close(c, "the proxy stops");
    }
    upstream_pool_close(w);
    atomic_fetch_add(&w->shared->n_draining, 1);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Goes on with the requests that wait for their environment, where the new routes have it. */
static void resume_held(struct worker *w)
{
    struct timer *t, *next;

    for (t = TAILQ_FIRST(&w->timers[TIMER_HELD].timers); t; t = next) {
        struct conn *c = container_of(t, struct conn, timer);
        next = TAILQ_NEXT(t, link);
        exchange_resume(c);
        conn_run(c);
    }
}

/* The page that some have waited for is there, or whoever asked for it has left. */
static void resume_joined(struct worker *w)
{
    struct timer *t, *next;

    w->pages.news = false;
    for (t = TAILQ_FIRST(&w->timers[TIMER_WAITING].timers); t; t = next) {
        struct conn *c = container_of(t, struct conn, tick);
        next = TAILQ_NEXT(t, link);
        if (c->state != CONN_JOINED)
            continue;
        exchange_resume_joined(c);
        conn_run(c);
    }
}

static void woken(struct worker *w)
{
    uint64_t count;

    if (read(w->wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("eventfd: %s", strerror(errno));
    if (!w->sweep.list)
        timer_set(&w->sweep, &w->timers[TIMER_SWEEP], w->now);
    resume_held(w);
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
        if (w->pages.news)
            resume_joined(w);
        next = timeouts_run(w);
        accept_unmute_when_due(w);
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
    page_share_free(&w->pages);
    route_inbox_free(&w->inbox);
    if (w->wake.fd >= 0)
        close(w->wake.fd);
    if (w->epoll >= 0)
        close(w->epoll);
    free(w);
}

struct worker *worker_start(struct shared *shared, struct count_worker *counts, struct tally *tally,
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
    w->tally = tally;
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
    timeouts_set(w);
    crowd_set_bounds(w);
    accept_watch(w, true);
    route_inbox_start(&w->inbox, &shared->n_given, routes);
    error = pthread_create(&w->thread, NULL, run, w);
    if (error) {
        err_system(e, error, "cannot start a thread");
        worker_free(w);
        return NULL;
    }
    return w;
}

void worker_give_routes(struct worker **workers, size_t n, struct route_snapshot *routes)
{
    for (size_t i = 0; i < n; i++)
        route_inbox_put(&workers[i]->inbox, routes);
    if (n > 0)
        atomic_fetch_add(&workers[0]->shared->n_given, 1);
    for (size_t i = 0; i < n; i++)
        worker_wake(workers[i]);
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
