/* The tables `purge_run` and `purge_decision`: purges that were asked for, and their results. */
#ifndef MIRAGE_STORE_PURGE_H
#define MIRAGE_STORE_PURGE_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "purge_decision.h"

#include "db.h"

#define PURGE_RUNS_KEPT 100

struct purge_run {
    int64_t id;
    const char *request; /* JSON, as purge_input_to_json() gives it */
};

/* Asks for a purge. by: 'api', 'page' or 'schedule'. Drops runs older than the last
 * PURGE_RUNS_KEPT. */
int store_purge_ask(struct db *db, int64_t at_ms, const char *by, const char *request,
                    struct err *e) __attribute__((warn_unused_result));

/* Takes the oldest run that has not finished, and marks it as started. 1, 0 when there is none, or
 * -1. */
int store_purge_next(struct db *db, int64_t at_ms, struct arena *a, struct purge_run *run,
                     struct err *e) __attribute__((warn_unused_result));

/* Replaces the run's decisions. None of them has a result yet. */
int store_purge_decisions(struct db *db, int64_t run, const struct purge_decision *decisions,
                          size_t n, struct err *e) __attribute__((warn_unused_result));
int store_purge_result(struct db *db, int64_t run, const char *subdomain, const char *result,
                       struct err *e) __attribute__((warn_unused_result));

/* Marks the run as finished. error: why it ended early; "" when it did not. */
int store_purge_finished(struct db *db, int64_t run, int64_t at_ms, const char *error,
                         struct err *e) __attribute__((warn_unused_result));

/* When `by` last asked for a purge, in ms; 0: never, or -1. */
int64_t store_purge_last(struct db *db, const char *by, struct err *e)
    __attribute__((warn_unused_result));

/* How many runs wait or run; -1 on error. */
int64_t store_purge_open(struct db *db, struct err *e) __attribute__((warn_unused_result));

#endif
