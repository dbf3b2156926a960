#include "crowd.h"

#include "container_of.h"

#include "conn.h"
#include "worker.h"

/* Of its connections a worker gives one address this part while their requests are not whole. */
#define STRANGERS_PART  8
#define STRANGERS_LEAST 32

#define FRESH_MS        100 /* so young, a connection's request has perhaps only not been read yet */
#define STALLED_MS      1000 /* at least, before a body or an answer makes room */

void crowd_set_bounds(struct worker *w)
{
    for (size_t i = 0; i < STRANGER_BUCKETS; i++)
        TAILQ_INIT(&w->strangers[i].conns);
    w->strangers_max = w->conns_max / STRANGERS_PART < STRANGERS_LEAST
                           ? STRANGERS_LEAST
                           : w->conns_max / STRANGERS_PART;
}

/* The connection that has been on this list longest, if that is at least `ms`. */
static struct timer *longest(const struct worker *w, enum timer_kind kind, int64_t ms)
{
    const struct timer_list *l = &w->timers[kind];
    struct timer *t = TAILQ_FIRST(&l->timers);

    return t && w->now - (t->expires_at - l->after_ms) >= ms ? t : NULL;
}

bool crowd_make_room(struct worker *w)
{
    struct timer *t = longest(w, TIMER_IDLE, 0);

    if (!t)
        t = longest(w, TIMER_HEADER, FRESH_MS);
    if (!t)
        t = longest(w, TIMER_STALL, STALLED_MS);
    if (t)
        conn_close(container_of(t, struct conn, timer), "makes room for a new client");
    return t;
}

void crowd_bound_strangers(struct conn *c)
{
    struct strangers *s = &c->worker->strangers[c->address];
    const size_t max = c->worker->strangers_max;

    if (!c->awaited)
        return;
    while (s->n > max)
        conn_close(TAILQ_FIRST(&s->conns), "its address has too many whose request is not whole");
}

void crowd_bound_heads(struct conn *c)
{
    struct worker *w = c->worker;

    while (w->head_bytes > HEAD_BYTES_MAX && !w->draining) {
        struct timer *oldest = TAILQ_FIRST(&w->timers[TIMER_HEADER].timers);
        conn_close(oldest ? container_of(oldest, struct conn, timer) : c,
                   "too many heads are not whole");
    }
}
