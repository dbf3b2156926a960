/* The routes of one moment: immutable once built, shared by the workers, counted by references.
 *
 * The main thread builds a snapshot and gives each worker a reference through its inbox; a worker
 * takes it between two passes of its loop and drops the one it had. Who drops the last frees. */
#ifndef MIRAGE_PROXYD_ROUTE_H
#define MIRAGE_PROXYD_ROUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "err.h"
#include "store/db.h"

#include "count.h"
#include "own_ports.h"
#include "target.h"

struct route_snapshot;

enum route_answer {
    ROUTE_UNKNOWN,  /* no environment, or none of its ports is for this listen entry */
    ROUTE_STARTING, /* there is one, and no task is ready */
    ROUTE_ASLEEP,   /* there is one, and it sleeps */
    ROUTE_FAILED,   /* there is none any more, for its launch failed */
    ROUTE_READY,
};

struct route {
    uint32_t counter;             /* unset with ROUTE_UNKNOWN and ROUTE_FAILED */
    const struct target *targets; /* valid as long as the snapshot */
    size_t n_targets;
    const char *environment; /* its name, a pattern maybe; valid as long as the snapshot */
};

/* Reads all routes in one transaction. One reference, the caller's. An address that is link-local
 * or one of `own` (NULL: nothing is) becomes no target. */
int route_load(struct route_snapshot **snapshot, struct db *db, const struct config *config,
               const struct own_ports *own, struct count_table *counts, struct err *e)
    __attribute__((warn_unused_result));

void route_ref(struct route_snapshot *s);
void route_unref(struct route_snapshot *s); /* NULL is fine */

/* The route of requests for this subdomain (lower case) that came in by listen.http[listen]: the
 * exact environment, else of the matching patterns the one launched earliest. An exact one that has
 * failed stands behind patterns. */
enum route_answer route_find(const struct route_snapshot *s, const char *subdomain, size_t len,
                             size_t listen, struct route *route)
    __attribute__((warn_unused_result));

/* Calls `each` for every environment, those that have failed apart: its name, which may be a
 * pattern, and the number of its counter. */
void route_each(const struct route_snapshot *s,
                void (*each)(void *ctx, const char *subdomain, uint32_t counter), void *ctx);

size_t route_count(const struct route_snapshot *s) __attribute__((warn_unused_result));

#endif
