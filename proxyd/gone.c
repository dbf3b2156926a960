#include "gone.h"

#include <string.h>

#include "container_of.h"

#include "bad_gateway.h"
#include "conn.h"
#include "conn_life.h"
#include "route.h"
#include "upstream.h"
#include "worker.h"

int64_t gone_after_ms(const struct config *c)
{
    return c->launch.drain_ms > 0 ? c->launch.drain_ms : 1; /* a list of 0 ms would never expire */
}

/* Whether the task of this exchange, or tunnel, has no route any more. */
static bool is_gone(const struct conn *c)
{
    struct route route;
    bool found = false;

    if (!*c->subdomain) /* the web API's host has no task */
        return false;
    if (route_find(route_inbox_routes(&c->worker->inbox), c->subdomain, strlen(c->subdomain),
                   c->listen, &route) == ROUTE_READY)
        for (size_t i = 0; i < route.n_targets && !found; i++)
            found = target_equal(&route.targets[i], &c->upstream->target);
    return !found;
}

/* Ends it: a 502 when nothing of an answer went to the client yet. */
static void end(struct conn *c)
{
    if (c->state == CONN_CONNECT || c->state == CONN_ANSWER)
        bad_gateway_reply(c, "its task has been ended");
    else if (c->state == CONN_BODY)
        conn_abort(c, "its task has been ended");
    else
        conn_close(c, "its task has been ended");
}

void gone_sweep(struct timer *t)
{
    struct worker *w = container_of(t, struct worker, sweep);
    struct conn *c;

    LIST_FOREACH (c, &w->conns, link)
        if (c->upstream && is_gone(c))
            upstream_set_gone(c->upstream);
}

void gone_end(struct timer *t)
{
    struct conn *c = container_of(t, struct upstream, gone)->conn;

    if (is_gone(c)) { /* it may have come back */
        end(c);
        conn_run(c);
    }
}
