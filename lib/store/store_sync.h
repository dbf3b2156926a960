/* The table `sync`: how the last listing of the tasks went. One row. */
#ifndef MIRAGE_STORE_SYNC_H
#define MIRAGE_STORE_SYNC_H

#include <stdint.h>

#include "arena.h"
#include "err.h"

#include "db.h"

struct sync_status {
    int64_t made_at;      /* ms; when this file was made: it knows nothing from before */
    int64_t succeeded_at; /* ms; 0: never since this file was made */
    int64_t failed_at;    /* ms; 0: never. Later than succeeded_at: the last attempt failed */
    const char *error;    /* what the last failure said; "" when there was none */
    int64_t wanted;       /* how many listings were asked for */
    int64_t looked;       /* what `wanted` was when the last successful listing began */
};

/* Asks for a listing that begins from now on. Returns a number; -1 on error. The listing has been
 * made once `looked` has reached that number. */
int64_t store_sync_want(struct db *db, struct err *e) __attribute__((warn_unused_result));

/* `looked`: what `wanted` was before the listing. */
int store_sync_succeeded(struct db *db, int64_t at_ms, int64_t looked, struct err *e)
    __attribute__((warn_unused_result));
int store_sync_failed(struct db *db, int64_t at_ms, const char *error, struct err *e)
    __attribute__((warn_unused_result));
int store_sync_get(struct db *db, struct arena *a, struct sync_status *status, struct err *e)
    __attribute__((warn_unused_result));

#endif
