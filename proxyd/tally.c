#include "tally.h"

#include <time.h>

#include "access_log.h"
#include "conn.h"
#include "worker.h"

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void tally_begin(struct conn *c)
{
    const struct shared *s = c->worker->shared;

    c->status = 0;
    c->by = TALLY_PROXY;
    c->asked_us = s->tallied && c->listen < s->config->listen.n_http ? now_us() : 0;
}

static void count_time(struct tally *t, int64_t us)
{
    static const int bounds[] = TALLY_BOUNDS;
    const int n = sizeof bounds / sizeof bounds[0];
    int bucket = 0;

    while (bucket < n && us > bounds[bucket] * INT64_C(1000))
        bucket++;
    tally_add(&t->buckets[bucket], 1);
    tally_add(&t->us, (uint64_t)us);
}

void tally_end(struct conn *c)
{
    struct tally *t = c->worker->tally;
    const uint64_t bytes = c->out.written - c->counted;
    int64_t us;

    if (c->asked_us == 0)
        return;
    us = now_us() - c->asked_us;
    tally_add(&t->requests[c->by][c->status / 100 < TALLY_CLASSES ? c->status / 100 : 0], 1);
    if (c->by == TALLY_TASK && c->status >= 200)
        count_time(t, us);
    tally_add(&t->response_bytes, bytes);
    c->counted = c->out.written;
    access_log_add(c, us, bytes);
    c->asked_us = 0;
}

void tally_fail(struct conn *c, enum tally_error error)
{
    tally_add(&c->worker->tally->errors[error], 1);
}
