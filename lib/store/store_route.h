/* The view `route`: where mirage-proxyd sends requests. The database derives it from environment,
 * task and port, so it cannot disagree with them. */
#ifndef MIRAGE_STORE_ROUTE_H
#define MIRAGE_STORE_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#include "db.h"

/* One row: a port of a live task, or address "" where there is none. */
struct route_row {
    const char *subdomain; /* a pattern */
    int64_t launched_at;   /* ms */
    bool starting; /* the port or its task is not ready yet, or there is no task yet; an environment
                      is starting while any of its rows is */
    bool asleep;   /* it sleeps */
    int target;    /* container port; 0: every listen entry */
    const char *address; /* "" unless it is ready */
    int port;
};

/* Calls `each` for every row, sorted by launch time, then subdomain: the rows of an environment
 * follow each other. Stops when `each` returns non-zero, and returns that; else 0, or -1 with *e.
 */
int store_route_each(struct db *db, int (*each)(void *ctx, const struct route_row *row), void *ctx,
                     struct err *e) __attribute__((warn_unused_result));

/* Calls `each` for every name in the view `failed`, in no order: nothing runs there, and its newest
 * launch failed. Stops and returns as store_route_each() does. */
int store_route_failed_each(struct db *db, int (*each)(void *ctx, const char *subdomain), void *ctx,
                            struct err *e) __attribute__((warn_unused_result));

/* A number that grows with every commit that changed what the views show; -1 on error. */
int64_t store_route_version(struct db *db, struct err *e) __attribute__((warn_unused_result));

/* A number that changes with that version and with every new task, routed or not. -1 on error. */
int64_t store_task_version(struct db *db, struct err *e) __attribute__((warn_unused_result));

#endif
