/* A worker: one thread, one epoll, its connections. Everything here belongs to that thread, but for
 * `inbox` and `shared`. */
#ifndef MIRAGE_PROXYD_WORKER_H
#define MIRAGE_PROXYD_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "err.h"

#include "block.h"
#include "conn.h"
#include "count.h"
#include "forward.h"
#include "listener.h"
#include "outbuf.h"
#include "page_share.h"
#include "pipe.h"
#include "route.h"
#include "route_inbox.h"
#include "tag.h"
#include "target.h"
#include "timer.h"
#include "upstream.h"
#include "visitor.h"
#include "wanted.h"

/* What the main thread says to all workers. */
struct shared {
    const struct config *config;
    struct listener *listeners;
    struct visitor_rules *visitors;
    struct target web;             /* where the web API's host goes */
    atomic_bool healthy;           /* routes were loaded, and a sync has succeeded */
    atomic_bool draining;          /* accept nothing more, end when the last connection has */
    atomic_uint n_draining;        /* workers that have stopped accepting */
    atomic_uint n_held;            /* requests that wait for their environment, of all workers */
    struct wanted wanted;          /* what sleeps, and somebody came for; the workers say that */
    atomic_uint n_given;           /* snapshots that lie in every worker's inbox, or did */
    size_t n_listeners;            /* of listen.http, and behind them that of listen.metrics */
    struct access_log *access_log; /* NULL: none is written */
    bool tallied;                  /* requests are counted and timed, for somebody reads that */
    struct tally *tallies;         /* one a worker */
    unsigned n_tallies;
    struct count_table *counts;
    atomic_uint n_reloads, reload_ms; /* of the routes: how often; how long the last one took */
};

enum timer_kind {
    TIMER_NONE,    /* never expires */
    TIMER_HEADER,  /* a request's head to be whole */
    TIMER_IDLE,    /* a client's connection between requests */
    TIMER_HELD,    /* the environment of a request to be ready */
    TIMER_CONNECT, /* to a task */
    TIMER_ANSWER,  /* a response's head */
    TIMER_STALL,   /* the client to send more of its body, or to take more of its answer */
    TIMER_LINGER,  /* the client to take a last answer */
    TIMER_TICK,    /* an open exchange counts once more */
    TIMER_WAITING, /* mirage-api to answer with the page on which a visitor waits */
    TIMER_POOL,    /* an idle upstream connection */
    TIMER_SWEEP,   /* new routes: connections to tasks that have none any more are looked for */
    TIMER_GONE,    /* an exchange, or a tunnel, with such a task to end by itself */
    TIMER_KINDS,
};

/* What wakes a worker out of epoll_wait. */
struct wake {
    enum tag tag; /* TAG_WAKE */
    int fd;       /* eventfd */
};

struct worker {
    struct shared *shared;
    pthread_t thread;
    struct route_inbox inbox;
    struct wake wake;

    int epoll;
    int64_t now; /* monotonic ms, read once a pass */
    bool draining;
    bool muted; /* no descriptors: the listeners are out of the epoll until unmute_at */
    int64_t unmute_at, mute_told_at; /* monotonic ms; 0: never */
    struct count_worker *counts;
    struct tally *tally;
    struct visitor_memory visitors;
    struct page_share pages;
    struct timer_list timers[TIMER_KINDS];
    struct timer sweep;
    struct block_pool blocks;
    struct upstream_pool pool;
    struct pipe_pool pipes;
    size_t n_conns, conns_max;
    size_t head_bytes; /* of heads that are not whole; HEAD_BYTES_MAX at most */
    struct strangers strangers[STRANGER_BUCKETS];
    size_t strangers_max;   /* a bucket's */
    size_t n_upstreams;     /* open; conns_max at most, so that both together fit the descriptors */
    int64_t warned_at;      /* when a failure was logged last, monotonic ms; 0: never */
    unsigned unwarned;      /* failures since */
    int64_t page_missed_at; /* when mirage-api's page took too long last, monotonic ms; 0: never */
    struct conn_list conns; /* all that are open */
    struct conn_list dead_conns;
    struct upstream_list dead_upstreams;

    /* What one event is worked on with; nothing here outlives it. */
    struct forward forward;
    char scratch[OUTBUF_READ_MAX];
};

/* Makes a worker and starts its thread, with a snapshot of which it gets a reference. conns_max:
 * the client connections it may have. NULL with *e. worker_free() frees it. */
struct worker *worker_start(struct shared *shared, struct count_worker *counts, struct tally *tally,
                            struct route_snapshot *routes, size_t conns_max, struct err *e)
    __attribute__((warn_unused_result));

/* Main thread: gives all n workers a snapshot (and a reference each). */
void worker_give_routes(struct worker **workers, size_t n, struct route_snapshot *routes);

/* Main thread: makes it look at its inbox and at shared->draining. */
void worker_wake(struct worker *w);

/* Main thread: its thread, to be joined. */
pthread_t worker_thread(const struct worker *w) __attribute__((warn_unused_result));

/* Main thread: frees it, after its thread was joined. */
void worker_free(struct worker *w);

#endif
