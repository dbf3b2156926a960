/* How long a piece of work may take, and whether anybody still waits for it. Whoever begins the
 * work makes the limit; what takes its time asks it. */
#ifndef MIRAGE_LIMIT_H
#define MIRAGE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

struct limit {
    int64_t until_ms;            /* clock_monotonic_ms() */
    bool (*has_left)(void *ctx); /* whether nobody waits any more; NULL: it is carried to its end */
    void *ctx;
};

/* Why the work has to end, as a part of a sentence; NULL when it may go on. A limit of NULL is
 * none. */
static inline const char *limit_over(const struct limit *l)
{
    if (!l)
        return NULL;
    if (clock_monotonic_ms() >= l->until_ms)
        return "no answer within its time";
    return l->has_left && l->has_left(l->ctx) ? "whoever asked has left" : NULL;
}

/* The earlier of a moment and the limit's end (monotonic ms). */
static inline int64_t limit_earlier(const struct limit *l, int64_t ms)
{
    return l && l->until_ms < ms ? l->until_ms : ms;
}

#endif
