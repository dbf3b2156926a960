/* Timeouts. All timers of a list run equally long, so that a list is ordered by its appending and
 * setting one is O(1). A struct timer stands in one list at most. */
#ifndef MIRAGE_PROXYD_TIMER_H
#define MIRAGE_PROXYD_TIMER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct timer {
    struct timer_list *list; /* NULL: not running */
    TAILQ_ENTRY(timer) link;
    int64_t expires_at; /* monotonic ms */
};

struct timer_list {
    TAILQ_HEAD(timers, timer) timers; /* the next to expire is the first */
    int64_t after_ms;
    void (*expired)(struct timer *t);
};

/* after_ms: 0: never; timers set on it do not run. expired: the timer is off the list by then. */
static inline void timer_list_init(struct timer_list *l, int64_t after_ms,
                                   void (*expired)(struct timer *t))
{
    TAILQ_INIT(&l->timers);
    l->after_ms = after_ms;
    l->expired = expired;
}

static inline void timer_stop(struct timer *t)
{
    if (!t->list)
        return;
    TAILQ_REMOVE(&t->list->timers, t, link);
    t->list = NULL;
}

/* Starts it anew from `now_ms`, on this list. */
static inline void timer_set(struct timer *t, struct timer_list *l, int64_t now_ms)
{
    timer_stop(t);
    if (l->after_ms == 0)
        return;
    t->list = l;
    t->expires_at = now_ms + l->after_ms;
    TAILQ_INSERT_TAIL(&l->timers, t, link);
}

/* When the next of them expires, monotonic ms; INT64_MAX: none runs. */
static inline int64_t timer_next(const struct timer_list *l)
{
    const struct timer *first = TAILQ_FIRST(&l->timers);

    return first ? first->expires_at : INT64_MAX;
}

/* Calls `expired` for every timer that is due. */
static inline void timer_run(struct timer_list *l, int64_t now_ms)
{
    struct timer *t;

    while ((t = TAILQ_FIRST(&l->timers)) && t->expires_at <= now_ms) {
        timer_stop(t);
        l->expired(t);
    }
}

#endif
