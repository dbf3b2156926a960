#include "count_rule.h"

#include "conn.h"
#include "count.h"
#include "timer.h"
#include "worker.h"

static void begin_minute(struct conn *c)
{
    struct worker *w = c->worker;

    timer_set(&c->tick, &w->timers[TIMER_TICK], w->now);
}

uint64_t count_request(struct conn *c, enum admit admit, enum route_answer answer,
                       const struct route *route)
{
    if (admit != ADMIT_USER || answer == ROUTE_UNKNOWN || answer == ROUTE_FAILED)
        return 0;
    if (answer == ROUTE_READY) {
        c->counter = route->counter;
        begin_minute(c);
    }
    return count_access(c->worker->counts, route->counter);
}

void count_minute(struct conn *c)
{
    count_access(c->worker->counts, c->counter);
    begin_minute(c);
}
