#include "sync_wake.h"

#include <string.h>

#include "aws/cloudwatch.h"
#include "awake_room.h"
#include "clock.h"
#include "log.h"
#include "schedule.h"
#include "sleep.h"
#include "store/store_asleep.h"
#include "store/store_launch.h"

#include "purge_run.h"

#define LOOK_MS   60000
#define HOUR_MS   3600000
#define MINUTE_MS 60000
#define STEP_MS   10000

/* After so many tries in a row, so long (s) until the next one that a visit can cause. */
static const int pauses[] = {10, 60, 300, 900, ASLEEP_PAUSE_MAX_MS / 1000};

static int64_t pause_ms(int tries)
{
    const int n = sizeof pauses / sizeof pauses[0];

    return (int64_t)pauses[tries < n ? tries : n - 1] * 1000;
}

/* Whether visits have woken as many in the last hour as they may. -1 on error. */
static int is_over_limit(struct db *db, const struct config *config, int64_t now, struct err *e)
{
    int64_t n;

    if (config->wake.limit == 0)
        return 0;
    n = store_launch_count(db, WAKE_VISIT, now - HOUR_MS, e);
    return n < 0 ? -1 : n >= config->wake.limit;
}

/* Launches it, with room for it (limit.awake). */
static int wake(struct purger *p, const struct asleep_row *row, struct err *e)
{
    const struct purge_view view = {
        .source = cloudwatch_source(p->aws), .db = p->db, .used_here_is_enough = true};
    const char *subdomain = row->asleep.subdomain;
    struct err why;

    if (awake_room_make(&view, p->runner, p->config, subdomain, e) == 0)
        return environment_wake(p->db, p->runner, subdomain, row->wanted_by, false, e);
    if (store_asleep_error(p->db, subdomain, e->text, &why) < 0)
        log_error("%s", why.text);
    return -1;
}

/* Visits have woken as many as they may: nothing but a word, and a pause. */
static int pass_over(struct db *db, const struct asleep_row *row, int64_t now, struct err *e)
{
    log_warn("%s: is wanted, and not woken: wake.limit", row->asleep.subdomain);
    return store_asleep_try(db, row->asleep.subdomain, now, now + pause_ms(1), e) < 0
               ? -1
               : store_asleep_error(db, row->asleep.subdomain,
                                    "visits have woken as many environments in the last hour as "
                                    "they may (wake.limit)",
                                    e);
}

/* -1 when the database cannot be read or written. */
static int wake_one(struct job *job, struct purger *p, const struct asleep_row *row, struct err *e)
{
    bool is_visit = !strcmp(row->wanted_by, WAKE_VISIT);
    const char *subdomain = row->asleep.subdomain;
    int64_t now = clock_now_ms();
    struct err why;
    int rc = is_visit ? is_over_limit(job->db, job->config, now, e) : 0;

    if (rc != 0)
        return rc < 0 ? -1 : pass_over(job->db, row, now, e);
    if (store_asleep_try(job->db, subdomain, now, now + pause_ms(row->tries), e) < 0)
        return -1;
    rc = wake(p, row, &why);
    if (rc > 0)
        log_info("%s: woken by %s", subdomain, row->wanted_by);
    else if (rc < 0 && why.kind == ERR_NOT_FOUND)
        log_info("%s", why.text);
    else if (rc < 0)
        log_error("%s: cannot be woken: %s", subdomain, why.text);
    return 0;
}

/* -1 when the database cannot be read or written: nothing more is tried then. */
static int wake_due(struct job *job, struct purger *p, struct err *e)
{
    struct asleep_row *rows;
    struct arena a = {0};
    int64_t now = clock_now_ms();
    size_t n;
    int rc = store_asleep_list(job->db, &a, &rows, &n, e);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (rows[i].wanted_at > 0 &&
            (rows[i].not_before <= now || rows[i].not_before > now + ASLEEP_PAUSE_MAX_MS))
            rc = wake_one(job, p, &rows[i], e);
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
    struct purger p;
    struct err e;
    int failures = 0;

    if (purger_open(&p, job->config, job->state_dir, &e) < 0) {
        log_error("wake: %s", e.text);
        return;
    }
    p.db = job->db;
    do {
        failures = wake_due(job, &p, &e) < 0 ? failures + 1 : 0;
        if (failures == 1)
            log_error("wake: %s", e.text);
    } while (job_wait(job->db, job->stop, failures > 0 ? job_backoff_ms(failures) : LOOK_MS,
                      failures > 0 ? NULL : has_news, NULL));
    purger_close(&p);
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
