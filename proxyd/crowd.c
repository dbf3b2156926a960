#include "crowd.h"

#include "container_of.h"

#include "conn.h"
#include "worker.h"

/* Of its connections a worker gives one address this part while their requests are not whole. */
#define STRANGERS_PART  8
#define STRANGERS_LEAST 32

void crowd_set_bounds(struct worker *w)
{
    for (size_t i = 0; i < STRANGER_BUCKETS; i++)
        TAILQ_INIT(&w->strangers[i].conns);
    w->strangers_max = w->conns_max / STRANGERS_PART < STRANGERS_LEAST
                           ? STRANGERS_LEAST
                           : w->conns_max / STRANGERS_PART;
}

bool crowd_make_room(struct worker *w)
{
    struct timer *t = TAILQ_FIRST(&w->timers[TIMER_IDLE].timers);

    if (!t)
        t = TAILQ_FIRST(&w->timers[TIMER_HEADER].timers);
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
