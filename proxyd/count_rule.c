#include "count_rule.h"

#include "conn.h"
#include "count.h"
#include "timer.h"
#include "visitor.h"
#include "worker.h"

static void begin_minute(struct conn *c)
{
    struct worker *w = c->worker;

    timer_set(&c->tick, &w->timers[TIMER_TICK], w->now);
}

uint64_t count_request(struct conn *c, const struct http_request *r, enum admit admit,
                       enum route_answer answer, const struct route *route)
{
    const struct visitor_request v = {conn_head(c), r, c->peer, c->peer_trusted};

    if (admit != ADMIT_USER || answer == ROUTE_UNKNOWN || answer == ROUTE_FAILED)
        return 0;
    c->ignored = visitor_is_ignored(c->worker->shared->visitors, &c->worker->visitors, &v);
    if (answer == ROUTE_READY) {
        c->counter = route->counter;
        begin_minute(c);
    }
    return count_access(c->worker->counts, route->counter, c->ignored);
}

void count_minute(struct conn *c)
{
    count_access(c->worker->counts, c->counter, c->ignored);
    begin_minute(c);
}
