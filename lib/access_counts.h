/* How often subdomains were used: what a source has of all machines, which is CloudWatch, and what
 * this machine has counted and not reported yet. */
#ifndef MIRAGE_ACCESS_COUNTS_H
#define MIRAGE_ACCESS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "purge.h"
#include "store/db.h"

struct metric_sum {
    const char *subdomain;
    int64_t sum;   /* of the values in the window */
    size_t n_due;  /* buckets with a value, of those that end by due_ms */
    bool complete; /* the source says that nothing is missing */
};

struct metric_window {
    int64_t start_ms, end_ms; /* multiples of the period */
    long period_s;            /* a multiple of 60 */
    int64_t due_ms;           /* what came before must be there by now */
};

/* Where the counts of all machines are. */
struct metric_source {
    /* Fills the sums, whose subdomains are set. When it fails for some, they stay incomplete, *e is
     * the first failure, and -1 is returned after all have been tried. NULL: there is no source, as
     * in local mode. */
    int (*sums)(void *context, const struct metric_window *window, struct metric_sum *sums,
                size_t n, struct err *e);
    void *context;
};

/* The buckets to ask for, so that no access since `duration_s` ago can be missed: they begin before
 * and end after. Few enough for one page of 500 subdomains; long enough for data as old as that. */
struct metric_window access_window(int64_t now_ms, int64_t duration_s)
    __attribute__((warn_unused_result));

/* How many of the window's buckets must have a value: those that end by due_ms. */
size_t access_window_due(const struct metric_window *window) __attribute__((warn_unused_result));

/* Fills `counts`, whose subdomains are set. Not known is what the source says is incomplete or has
 * gaps. db: NULL where there is no count of this machine. -1 when the source could not be asked
 * about all of them: what it was not asked is not known, and the rest is filled. */
int access_counts(const struct metric_source *source, struct db *db, int64_t now_ms,
                  int64_t duration_s, struct purge_count *counts, size_t n, struct arena *a,
                  struct err *e) __attribute__((warn_unused_result));

#endif
