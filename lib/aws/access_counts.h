/* How often subdomains were used: what CloudWatch has of all machines, and what this machine has
 * counted and not reported yet. */
#ifndef MIRAGE_AWS_ACCESS_COUNTS_H
#define MIRAGE_AWS_ACCESS_COUNTS_H

#include "arena.h"
#include "purge.h"
#include "store/db.h"

#include "client.h"
#include "cloudwatch.h"

/* The buckets to ask for, so that no access since `duration_s` ago can be missed: they begin before
 * and end after. Few enough for one page of 500 subdomains; long enough for data as old as that. */
struct metric_window access_window(int64_t now_ms, int64_t duration_s)
    __attribute__((warn_unused_result));

/* How many of the window's buckets must have a value: those that end by due_ms. */
size_t access_window_due(const struct metric_window *window) __attribute__((warn_unused_result));

/* Fills `counts`, whose subdomains are set. Not known is what CloudWatch says is incomplete or has
 * gaps. db: NULL where there is no count of this machine. -1 when CloudWatch could not be asked
 * about all of them: what it was not asked is not known, and the rest is filled. */
int access_counts(struct aws_client *client, struct db *db, int64_t now_ms, int64_t duration_s,
                  struct purge_count *counts, size_t n, struct arena *a, struct err *e)
    __attribute__((warn_unused_result));

#endif
