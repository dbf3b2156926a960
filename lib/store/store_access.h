/* The table `access`: counted requests, a row for each subdomain and minute. */
#ifndef MIRAGE_STORE_ACCESS_H
#define MIRAGE_STORE_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

#include "db.h"

/* Adds `count` to the minute that holds `at_ms`. */
int store_access_add(struct db *db, const char *subdomain, int64_t at_ms, int64_t count,
                     struct err *e) __attribute__((warn_unused_result));

/* The same for requests that are no use (use.ignore). They make no row that is due for them. */
int store_access_add_ignored(struct db *db, const char *subdomain, int64_t at_ms, int64_t count,
                             struct err *e) __attribute__((warn_unused_result));

/* The sum since `since_ms` (rounded down to its minute); -1 on error. */
int64_t store_access_sum(struct db *db, const char *subdomain, int64_t since_ms, struct err *e)
    __attribute__((warn_unused_result));

/* The last minute since `since_ms` in which the subdomain was used, in minutes since 1970; 0: none;
 * -1 on error. */
int64_t store_access_last(struct db *db, const char *subdomain, int64_t since_ms, struct err *e)
    __attribute__((warn_unused_result));

enum access_kind {
    ACCESS_COUNTED, /* what keeps an environment alive */
    ACCESS_IGNORED, /* what does not: use.ignore */
};

/* The same sum, of one kind. */
int64_t store_access_sum_of(struct db *db, enum access_kind kind, const char *subdomain,
                            int64_t since_ms, struct err *e) __attribute__((warn_unused_result));

/* A count that CloudWatch has not, or not completely, taken yet. */
struct access_row {
    const char *subdomain;
    int64_t minute; /* since 1970 */
    enum access_kind kind;
    int64_t count; /* all requests of the minute, of this kind */
    int64_t delta; /* how many of them are not reported yet; 0: the row was never reported */
};

/* Gives every subdomain with a running task a row for this minute, with 0 if nobody came. */
int store_access_zeros(struct db *db, int64_t minute, struct err *e)
    __attribute__((warn_unused_result));

/* Up to `limit` counts that are not reported yet, of minutes before `before`, the oldest first.
 * Of those that are ignored there is no zero. */
int store_access_unreported(struct db *db, int64_t before, size_t limit, struct arena *a,
                            struct access_row **rows, size_t *n, struct err *e)
    __attribute__((warn_unused_result));

/* CloudWatch has taken these rows, as they were read. One transaction. */
int store_access_reported(struct db *db, const struct access_row *rows, size_t n, struct err *e)
    __attribute__((warn_unused_result));

/* Drops rows older than `before` (a minute) that were reported, and all rows older than `refused`,
 * which can no longer be reported. */
int store_access_forget(struct db *db, int64_t before, int64_t refused, struct err *e)
    __attribute__((warn_unused_result));

/* Drops rows older than `before` of subdomains that have no environment any more. */
int store_access_forget_ended(struct db *db, int64_t before, struct err *e)
    __attribute__((warn_unused_result));

/* The sum of one kind that is not reported yet since `since_ms` (rounded down to its minute); -1 on
 * error. */
int64_t store_access_unreported_sum(struct db *db, enum access_kind kind, const char *subdomain,
                                    int64_t since_ms, struct err *e)
    __attribute__((warn_unused_result));

/* The requests of one minute. */
struct access_minute {
    const char *subdomain;
    int64_t minute; /* minutes since 1970 */
    int64_t count;
    int64_t ignored;
};

/* The minutes of the live environments since the minute that holds `since_ms`, sorted by subdomain,
 * then minute. A minute without a row is left out. */
int store_access_minutes(struct db *db, int64_t since_ms, struct arena *a,
                         struct access_minute **minutes, size_t *len, struct err *e)
    __attribute__((warn_unused_result));

#endif
