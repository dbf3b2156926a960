#include "route_inbox.h"

void route_inbox_start(struct route_inbox *in, const atomic_uint *n_given,
                       struct route_snapshot *routes)
{
    route_ref(routes);
    in->routes = routes;
    in->n_given = n_given;
    in->n_taken = atomic_load(n_given);
}

void route_inbox_put(struct route_inbox *in, struct route_snapshot *routes)
{
    route_ref(routes);
    route_unref(atomic_exchange(&in->newer, routes));
}

const struct route_snapshot *route_inbox_routes(struct route_inbox *in)
{
    unsigned n_given = atomic_load(in->n_given);
    struct route_snapshot *newer;

    if (n_given != in->n_taken) {
        in->n_taken = n_given; /* what is put in from here on has a number of its own */
        newer = atomic_exchange(&in->newer, NULL);
        if (newer) { /* else it was taken together with the one before */
            route_unref(in->routes);
            in->routes = newer;
        }
    }
    return in->routes;
}

void route_inbox_free(struct route_inbox *in)
{
    route_unref(in->routes);
    route_unref(atomic_load(&in->newer));
}
