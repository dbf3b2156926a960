#include "sync_wake.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "environment.h"
#include "log.h"
#include "schedule.h"
#include "sleep.h"
#include "store/store_asleep.h"
#include "store/store_launch.h"

#include "sync_wakers.h"

#define LOOK_MS        60000
#define HOUR_MS        3600000
#define MINUTE_MS      60000
#define STEP_MS        10000
#define LIMIT_PAUSE_MS 60000 /* wake.limit refuses */

enum verdict { VERDICT_ERROR = -1, VERDICT_LATER, VERDICT_NEVER, VERDICT_NOW };

/* Whether one more may be woken by a visit (wake.limit). `running`: wakes by visits that may have
 * been counted already, or not: near the limit, their end is waited for. */
static enum verdict judge_visit(struct db *db, const struct config *config, int running,
                                struct err *e)
{
    int64_t n;

    if (config->wake.limit == 0)
        return VERDICT_NOW;
    n = store_launch_count(db, WAKE_VISIT, clock_now_ms() - HOUR_MS, e);
    if (n < 0)
        return VERDICT_ERROR;
    if (n + running < config->wake.limit)
        return VERDICT_NOW;
    return running > 0 ? VERDICT_LATER : VERDICT_NEVER;
}

static int wake_one(struct job *job, struct wakers *all, const struct asleep_row *row,
                    struct err *e)
{
    const bool is_visit = !strcmp(row->wanted_by, WAKE_VISIT);
    const char *subdomain = row->asleep.subdomain;
    struct wakers_glance g = wakers_glance(all, subdomain);

    if (!g.idle || g.has_it)
        return 0;
    switch (is_visit ? judge_visit(job->db, job->config, g.visits, e) : VERDICT_NOW) {
    case VERDICT_ERROR:
        return -1;
    case VERDICT_LATER:
        return 0;
    case VERDICT_NEVER:
        return wakers_put_off(job->db, subdomain, LIMIT_PAUSE_MS,
                              "visits have woken as many environments in the last hour as they may "
                              "(wake.limit)",
                              e);
    case VERDICT_NOW:
        break;
    }
    wakers_give(all, g.idle, subdomain, is_visit);
    return 0;
}

static bool is_due(const struct asleep_row *row, int64_t now)
{
    return row->wanted_at > 0 &&
           (row->not_before <= now || row->not_before > now + ASLEEP_PAUSE_MAX_MS);
}

static bool is_scheduled(const struct asleep_row *row)
{
    return !strcmp(row->wanted_by, WAKE_SCHEDULE);
}

/* -1 when the database cannot be read or written: nothing more is tried then. What the schedule
 * wakes, which may be all there is, comes after what somebody waits for. */
static int wake_due(struct job *job, struct wakers *all, struct err *e)
{
    struct asleep_row *rows;
    struct arena a = {0};
    int64_t now = clock_now_ms();
    size_t n;
    int rc = store_asleep_list(job->db, &a, &rows, &n, e);

    for (int scheduled = 0; scheduled < 2; scheduled++)
        for (size_t i = 0; i < n && rc == 0; i++)
            if (is_due(&rows[i], now) && is_scheduled(&rows[i]) == scheduled)
                rc = wake_one(job, all, &rows[i], e);
    arena_free(&a);
    return rc;
}

static bool has_news(struct db *db, void *ctx)
{
    struct err e;

    (void)ctx;
    return store_asleep_due(db, clock_now_ms(), &e) > 0;
}

void sync_wake(struct job *job)
{
    struct wakers all = WAKERS_INIT;
    struct err e;
    int failures = 0;

    /* What mirage-sync had begun when it ended last is begun again, and at once. */
    environment_forsake(clock_now_ms());
    if (store_asleep_resume(job->db, clock_now_ms(), &e) < 0)
        log_error("wake: %s", e.text);
    if (wakers_start(&all, job, &e) < 0) {
        log_error("wake: %s", e.text);
        goto out;
    }
    do {
        failures = wake_due(job, &all, &e) < 0 ? failures + 1 : 0;
        if (failures == 1)
            log_error("wake: %s", e.text);
    } while (job_wait(job->db, job->stop, failures > 0 ? job_backoff_ms(failures) : LOOK_MS,
                      failures > 0 ? NULL : has_news, NULL));
out:
    wakers_end(&all);
}

/* --- the schedule ------------------------------------------------------------------------------
 */

static bool is_time(const struct schedule *schedule, const struct zone *zone, int64_t at_ms)
{
    struct tm tm;

    zone_time(zone, at_ms, &tm);
    return schedule_has(schedule, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                        tm.tm_min);
}

static void want_all(struct job *job, int64_t now)
{
    struct err e;
    int n = store_asleep_want_all(job->db, WAKE_SCHEDULE, now, &e);

    if (n < 0)
        log_error("sleep.wake_at: %s", e.text);
    else if (n > 0)
        log_info("sleep.wake_at: %d environments are woken", n);
}

void sync_wake_at(struct job *job)
{
    struct schedule schedule;
    int64_t last = clock_now_ms() / MINUTE_MS;
    struct err e;

    if (schedule_parse(&schedule, job->config->sleep.wake_at, &e) < 0) {
        log_error("sleep.wake_at: %s", e.text); /* the configuration was checked */
        return;
    }
    while (job_wait(job->db, job->stop, STEP_MS, NULL, NULL)) {
        int64_t now = clock_now_ms(), minute = now / MINUTE_MS;
        bool due = false;
        /* A clock that was set forward by more than an hour is not made up for. */
        if (minute - last > HOUR_MS / MINUTE_MS)
            last = minute - 1;
        while (last < minute)
            due = is_time(&schedule, job->zone, ++last * MINUTE_MS) || due;
        last = minute;
        if (due)
            want_all(job, now);
    }
}
