/* The tables `purge_run` and `purge_decision` as the pages and the API show them: past purges and
 * their results. */
#ifndef MIRAGE_STORE_PURGE_PAST_H
#define MIRAGE_STORE_PURGE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

#include "db.h"

struct purge_past {
    int64_t id;
    int64_t requested_at;
    int64_t started_at;  /* 0: it waits */
    int64_t finished_at; /* 0: it waits or runs */
    const char *requested_by;
    const char *request; /* JSON, as purge_input_to_json() gives it */
    const char *error;   /* why it ended early; "" when it did not */
    int64_t stopped;     /* environments that it stopped */
    int64_t failed;      /* environments that it tried to stop and could not */
    int64_t kept;
};

struct purge_decided {
    const char *subdomain;
    bool stop;
    const char *reason;
    const char *result; /* "" not tried, "ok", or the error */
};

/* The latest `limit` runs, the latest first. */
int store_purge_past_list(struct db *db, int64_t limit, struct arena *a, struct purge_past **runs,
                          size_t *n, struct err *e) __attribute__((warn_unused_result));

/* 1 and *run, 0 when there is no such run, or -1. */
int store_purge_past_get(struct db *db, int64_t id, struct arena *a, struct purge_past *run,
                         struct err *e) __attribute__((warn_unused_result));

/* The run's decisions: first those to stop, then the others, each sorted by subdomain. */
int store_purge_decided(struct db *db, int64_t run, struct arena *a,
                        struct purge_decided **decisions, size_t *n, struct err *e)
    __attribute__((warn_unused_result));

#endif
