/* The view `route`: what proxyd sends where. Derived by the database from environment, task and
 * port, so it cannot disagree with them. */
#ifndef MIRAGE_STORE_ROUTE_H
#define MIRAGE_STORE_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#include "db.h"

/* One row: a port of a live task; one row with address "" where there is none. */
struct route_row {
    const char *subdomain; /* a pattern */
    int64_t launched_at;   /* ms */
    bool starting;         /* this port is not ready yet, nor its task, or there is none yet; an
                              environment is starting while any of its rows is */
    int target;            /* container port; 0: every listen entry */
    const char *address;   /* "" unless it is ready */
    int port;
};

/* Calls `each` for every row, ordered by launch time, then subdomain: rows of one environment
 * follow each other. Stops when it returns non-zero, which
 * is then returned; else 0, or -1 with *e. */
int store_route_each(struct db *db, int (*each)(void *ctx, const struct route_row *row), void *ctx,
                     struct err *e) __attribute__((warn_unused_result));

/* A number that grows with every commit that changed what the view shows; -1 on error. */
int64_t store_route_version(struct db *db, struct err *e) __attribute__((warn_unused_result));

#endif
