/* The routes that a worker answers by, and those that wait to follow them. The main thread puts a
 * snapshot into the inbox of every worker, and then says by one counter that all have it. A worker
 * looks at that counter for each request. So once one of them has answered by new routes, none
 * answers a later request by older ones. */
#ifndef MIRAGE_PROXYD_ROUTE_INBOX_H
#define MIRAGE_PROXYD_ROUTE_INBOX_H

#include <stdatomic.h>

#include "route.h"

struct route_inbox {
    const atomic_uint *n_given;             /* how many snapshots lie in every inbox, or did */
    _Atomic(struct route_snapshot *) newer; /* with a reference; NULL: taken */
    struct route_snapshot *routes;          /* the worker's alone, as the next one */
    unsigned n_taken;                       /* *n_given when they were taken */
};

/* Begins with a snapshot, of which it takes a reference. n_given: of all workers. */
void route_inbox_start(struct route_inbox *in, const atomic_uint *n_given,
                       struct route_snapshot *routes);

/* Main thread: puts in a snapshot, with a reference. It is used once *n_given has grown. */
void route_inbox_put(struct route_inbox *in, struct route_snapshot *routes);

/* Worker: the routes to answer by, valid until the next call. */
const struct route_snapshot *route_inbox_routes(struct route_inbox *in)
    __attribute__((warn_unused_result));

/* Gives up its references, when the worker has ended. */
void route_inbox_free(struct route_inbox *in);

#endif
