#include "access_counts.h"

#define BUCKETS_MAX 200             /* 500 subdomains' come to less than the 100,800 of a page */
#define LATE_MS     (4 * 60 * 1000) /* a minute, until it is reported; two, until it can be read */
#define DAY_S       86400

struct metric_window access_window(int64_t now_ms, int64_t duration_s)
{
    int64_t now = now_ms / 1000, unit, period, start;

    if (duration_s > now) /* no time is before 1970 */
        duration_s = now;
    /* Amazon CloudWatch API Reference, MetricStat, Period: what is older than 15 days is kept in
     * buckets of 5 minutes, than 63 days of an hour. */
    unit = duration_s >= 62 * DAY_S ? 3600 : duration_s >= 14 * DAY_S ? 300 : 60;
    period = (duration_s / (BUCKETS_MAX - 2) / unit + 1) * unit;
    start = now - duration_s;

    return (struct metric_window){
        .start_ms = (start - start % period) * 1000,
        .end_ms = (now - now % period + period) * 1000,
        .period_s = (long)period,
        .due_ms = now_ms - LATE_MS,
    };
}

size_t access_window_due(const struct metric_window *w)
{
    int64_t due = (w->due_ms - w->start_ms) / (w->period_s * 1000);

    return due > 0 ? (size_t)due : 0;
}

static const char *why_unknown(const struct metric_sum *sum, size_t due, const char *failure)
{
    if (!sum->complete)
        return failure ? failure : "CloudWatch has not given all of its data";
    return sum->n_due < due || due == 0 ? "CloudWatch has gaps in its data" : NULL;
}

/* What the source has and what this machine has not reported yet. What was reported in the last
 * minutes is in neither: the source does not show it yet. What this machine has counted is a lower
 * bound of the sum all the same. db: may be NULL. -1 on error. */
static int64_t add_ours(const struct metric_sum *sum, struct db *db, int64_t since_ms,
                        struct err *e)
{
    int64_t ours, local;

    if (!db)
        return sum->sum;
    ours = store_access_unreported_sum(db, sum->kind, sum->subdomain, since_ms, e);
    local = ours < 0 ? -1 : store_access_sum_of(db, sum->kind, sum->subdomain, since_ms, e);
    if (local < 0)
        return -1;
    return sum->sum + ours > local ? sum->sum + ours : local;
}

int access_counts(const struct metric_source *source, struct db *db, int64_t now_ms,
                  int64_t duration_s, struct purge_count *counts, size_t n, struct arena *a,
                  struct err *e)
{
    struct metric_window window = access_window(now_ms, duration_s);
    struct metric_sum *sums = arena_array(a, n, sizeof *sums);
    const char *failure = NULL;
    struct err why;
    int rc;

    for (size_t i = 0; i < n; i++)
        sums[i].subdomain = counts[i].subdomain;
    rc = source->sums(source->context, &window, sums, n, e);
    if (rc < 0)
        failure = arena_strdup(a, e->text);
    for (size_t i = 0; i < n; i++) {
        int64_t all = add_ours(&sums[i], db, window.start_ms, &why);
        if (all < 0) {
            *e = why;
            return -1;
        }
        counts[i].accesses = all;
        counts[i].unknown = why_unknown(&sums[i], access_window_due(&window), failure);
    }
    return rc;
}

int access_ignored(const struct metric_source *source, struct db *db, int64_t now_ms,
                   int64_t duration_s, const char *subdomain, int64_t *ignored, struct err *e)
{
    struct metric_window window = access_window(now_ms, duration_s);
    struct metric_sum sum = {.subdomain = subdomain, .kind = ACCESS_IGNORED};

    if (source->sums(source->context, &window, &sum, 1, e) < 0)
        return -1;
    *ignored = add_ours(&sum, db, window.start_ms, e);
    return *ignored < 0 ? -1 : 0;
}
