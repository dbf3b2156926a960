#include "access.h"

#include "conn.h"
#include "count.h"
#include "timer.h"
#include "worker.h"

static void begin_minute(struct conn *c)
{
    struct worker *w = c->worker;

    timer_set(&c->tick, &w->timers[TIMER_TICK], w->now);
}

uint64_t access_request(struct conn *c, enum credentials credentials, enum route_answer answer,
                        uint32_t counter)
{
    if (credentials != CREDENTIALS_GIVEN || answer == ROUTE_UNKNOWN)
        return 0;
    if (answer == ROUTE_READY) {
        c->counter = counter;
        begin_minute(c);
    }
    return count_access(c->worker->counts, counter);
}

void access_minute(struct conn *c)
{
    count_access(c->worker->counts, c->counter);
    begin_minute(c);
}
