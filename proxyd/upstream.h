/* A connection to a task (or the web server), and the pool of those that wait for the next request.
 * All of a worker's own. */
#ifndef MIRAGE_PROXYD_UPSTREAM_H
#define MIRAGE_PROXYD_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "block.h"
#include "outbuf.h"
#include "tag.h"
#include "target.h"
#include "timer.h"

struct conn;
struct worker;

#define UPSTREAM_BUCKETS 1024

/* In the order lived. */
enum upstream_state {
    UPSTREAM_CONNECTING,
    UPSTREAM_BUSY, /* has an exchange, or a tunnel, of `conn` */
    UPSTREAM_IDLE, /* in the pool */
    UPSTREAM_CLOSED,
};

LIST_HEAD(upstream_list, upstream);

struct upstream {
    enum tag tag; /* TAG_UPSTREAM */
    enum upstream_state state;
    int fd;
    struct worker *worker;
    struct conn *conn;            /* whose it is; NULL in the pool */
    LIST_ENTRY(upstream) link;    /* in its bucket of the pool, then in worker->dead_upstreams */
    struct upstream_list *bucket; /* the target's */
    struct timer timer;           /* the state's */
    struct timer gone;            /* its task has no route any more */
    struct target target;
    struct outbuf out;
    struct block *in;   /* the part of a response's head, or of trailers, that came so far */
    size_t scanned;     /* of it: http_head_end() */
    int64_t idle_since; /* monotonic ms */
    bool reused;        /* it served a request before this one */
    bool can_read;
    bool hung_up;      /* the end of the stream is there, behind what can be read */
    bool write_failed; /* it reads no more; what it answered may still come */
    bool keep_alive;   /* its answer says that it takes another request */
    uint64_t counted;  /* of out.written */
    int error;         /* errno of a failed connection attempt */
};

struct upstream_pool {
    struct upstream_list buckets[UPSTREAM_BUCKETS];
};

/* An idle connection to the target from the pool, or a new one that connects. `replayable`: the
 * request may be sent again should the connection turn out dead; one that may not goes only on a
 * connection that was used within the last second, which no common server has closed by then. NULL
 * with *error (errno) when there is none: refused at once, no descriptors, no memory. */
struct upstream *upstream_get(struct worker *w, const struct target *t, bool replayable, bool fresh,
                              int *error) __attribute__((warn_unused_result));

/* The exchange is over and the connection good for another. */
void upstream_release(struct upstream *u);

/* Closes it. It is freed at the end of the worker's pass. */
void upstream_close(struct upstream *u);

/* Its task has no route any more: what it is busy with has 30 seconds left, from the first call on.
 */
void upstream_set_gone(struct upstream *u);

/* Takes an event: sets the flags; an idle one that says anything is closed. Returns the connection
 * that has to go on, NULL when none has. */
struct conn *upstream_event(struct upstream *u, uint32_t events)
    __attribute__((warn_unused_result));

/* Whose timer it is. */
struct upstream *upstream_of(struct timer *t) __attribute__((warn_unused_result));

/* Ends all idle ones. */
void upstream_pool_close(struct worker *w);

#endif
