/* The table `asleep`: environments whose tasks are stopped, and that a visit wakes. */
#ifndef MIRAGE_STORE_ASLEEP_H
#define MIRAGE_STORE_ASLEEP_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "asleep.h"
#include "err.h"

#include "db.h"

#define ASLEEP_PAUSE_MAX_MS 1800000 /* between two tries */

struct asleep_row {
    struct asleep asleep;  /* but for its request */
    const char *request;   /* asleep_to_json() */
    const char *etag;      /* of its object; "": it is not known to be in state.url;
                              ASLEEP_ETAG_UNKNOWN */
    int64_t wanted_at;     /* ms; when somebody wanted it awake since the last try; 0: nobody did */
    const char *wanted_by; /* who */
    int64_t tried_at;      /* ms; when it was last tried to wake it; 0: never */
    int64_t not_before;    /* ms; then it is tried again, if somebody wants it; what lies more than
                              ASLEEP_PAUSE_MAX_MS ahead comes of a clock that was wrong */
    int tries;
    const char *error; /* why the last one failed; "" */
};

/* Writes the row, and makes its environment live, in one transaction: an earlier row of this
 * subdomain is replaced. request: asleep_to_json(). ERR_REFUSED when the launch was terminated
 * meanwhile. */
int store_asleep_put(struct db *db, const struct asleep *asleep, const char *request,
                     const char *etag, struct err *e) __attribute__((warn_unused_result));

/* 1 and *row; 0 when it does not sleep; or -1. */
int store_asleep_get(struct db *db, const char *subdomain, struct arena *a, struct asleep_row *row,
                     struct err *e) __attribute__((warn_unused_result));

/* All of them, sorted by subdomain. */
int store_asleep_list(struct db *db, struct arena *a, struct asleep_row **rows, size_t *n,
                      struct err *e) __attribute__((warn_unused_result));

/* Removes the row, if it is still of this launch. Returns how many, or -1. */
int store_asleep_remove(struct db *db, const char *subdomain, const char *launch, struct err *e)
    __attribute__((warn_unused_result));

/* Somebody wants it awake. Who was first since the last try, counts; a visit and the schedule make
 * WAKE_BOTH. */
int store_asleep_want(struct db *db, const char *subdomain, const char *by, int64_t at_ms,
                      struct err *e) __attribute__((warn_unused_result));

/* All that sleep are wanted awake. Returns how many, or -1. */
int store_asleep_want_all(struct db *db, const char *by, int64_t at_ms, struct err *e)
    __attribute__((warn_unused_result));

/* How many are wanted and due by now; -1 on error. */
int64_t store_asleep_due(struct db *db, int64_t now_ms, struct err *e)
    __attribute__((warn_unused_result));

/* It is tried to wake it, and not again before `not_before` (ms), or before somebody wants it. */
int store_asleep_try(struct db *db, const char *subdomain, int64_t at_ms, int64_t not_before,
                     struct err *e) __attribute__((warn_unused_result));

/* Nobody wants it any more. */
int store_asleep_drop(struct db *db, const char *subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* What was begun by visits or the schedule, and has no task yet, is wanted again. */
int store_asleep_resume(struct db *db, int64_t at_ms, struct err *e)
    __attribute__((warn_unused_result));

/* It is wanted, and not tried before `not_before` (ms), or before somebody wants it again. */
int store_asleep_put_off(struct db *db, const char *subdomain, int64_t not_before, const char *why,
                         struct err *e) __attribute__((warn_unused_result));

/* Why it could not be woken; where that is news. */
int store_asleep_error(struct db *db, const char *subdomain, const char *error, struct err *e)
    __attribute__((warn_unused_result));

#endif
