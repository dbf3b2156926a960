/* How often subdomains were used: what a source has from all machines (CloudWatch), and what this
 * machine has counted and not reported yet. */
#ifndef MIRAGE_ACCESS_COUNTS_H
#define MIRAGE_ACCESS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "purge_decision.h"
#include "store/db.h"
#include "store/store_access.h"

struct metric_sum {
    const char *subdomain;
    enum access_kind kind;
    int64_t sum;   /* of the values in the window */
    size_t n_due;  /* buckets with a value, of those that end by due_ms */
    bool complete; /* the source says that nothing is missing */
};

struct metric_window {
    int64_t start_ms, end_ms; /* multiples of the period */
    long period_s;            /* a multiple of 60 */
    int64_t due_ms;           /* values from before must be there by now */
};

/* Where the counts of all machines come from. */
struct metric_source {
    /* Fills in the sums, whose subdomains and kinds are set. When a sum fails, it stays incomplete,
     * and the others are tried all the same; then -1 is returned, and *e is the first failure.
     * NULL: there is no source, as in local mode. */
    int (*sums)(void *context, const struct metric_window *window, struct metric_sum *sums,
                size_t n, struct err *e);
    void *context;
};

/* The buckets to ask for. They begin before `duration_s` ago and end after now, so that no access
 * can be missed. They are few enough for one page of 500 subdomains, and long enough for CloudWatch
 * to still have them. */
struct metric_window access_window(int64_t now_ms, int64_t duration_s)
    __attribute__((warn_unused_result));

/* How many of the window's buckets must have a value: those that end by due_ms. */
size_t access_window_due(const struct metric_window *window) __attribute__((warn_unused_result));

/* Fills in `counts`, whose subdomains are set. A count is not known when the source says that it is
 * incomplete or has gaps. db: NULL when there are no counts of this machine. -1 when the source
 * could not be asked about all subdomains: those counts are not known, and the others are filled
 * in. */
int access_counts(const struct metric_source *source, struct db *db, int64_t now_ms,
                  int64_t duration_s, struct purge_count *counts, size_t n, struct arena *a,
                  struct err *e) __attribute__((warn_unused_result));

/* How many requests of this subdomain were ignored (use.ignore): a lower bound, as no machine
 * reports a minute without any. -1 on error. */
int access_ignored(const struct metric_source *source, struct db *db, int64_t now_ms,
                   int64_t duration_s, const char *subdomain, int64_t *ignored, struct err *e)
    __attribute__((warn_unused_result));

#endif
