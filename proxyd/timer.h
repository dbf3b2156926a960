/* Timeouts. All timers of a list run equally long, so that a list is ordered by its appending and
 * setting one is O(1). A struct timer stands in one list at most. */
#ifndef MIRAGE_PROXYD_TIMER_H
#define MIRAGE_PROXYD_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct timer_list;

struct timer {
    struct timer_list *list; /* NULL: not running */
    struct timer *previous, *next;
    int64_t expires_at; /* monotonic ms */
};

struct timer_list {
    struct timer *first, *last;
    int64_t after_ms;                 /* 0: never; timers set on it do not run */
    void (*expired)(struct timer *t); /* the timer is off the list by then */
};

static inline void timer_stop(struct timer *t)
{
    struct timer_list *l = t->list;

    if (!l)
        return;
    *(t->previous ? &t->previous->next : &l->first) = t->next;
    *(t->next ? &t->next->previous : &l->last) = t->previous;
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
    t->next = NULL;
    t->previous = l->last;
    *(l->last ? &l->last->next : &l->first) = t;
    l->last = t;
}

/* Calls `expired` for every timer that is due. */
static inline void timer_run(struct timer_list *l, int64_t now_ms)
{
    while (l->first && l->first->expires_at <= now_ms) {
        struct timer *t = l->first;
        timer_stop(t);
        l->expired(t);
    }
}

#endif
