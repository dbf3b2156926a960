/* A purge outlives the request that asked for it, and a restart: it is a row until it has finished.
 * A purge that was interrupted begins again, with new decisions. */
#include "sync_purge.h"

#include <unistd.h>

#include "aws/cloudwatch.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "schedule.h"
#include "store/store_purge.h"

#include "purge_run.h"

#define LOOK_MS 60000
#define BUSY_MS 5000 /* until the lock of another program's purge is tried again */
#define STEP_MS 10000

/* Stops what the plan says, and writes down what came of each. */
static int carry_out(struct purger *p, int64_t run, const struct purge_plan *plan, bool sleep,
                     size_t *stopped, struct arena *a, struct err *e)
{
    *stopped = 0;
    for (size_t i = 0; i < plan->n; i++) {
        const struct purge_decision *d = &plan->decisions[i];
        const char *result = "ok";
        struct err why;
        int rc;
        if (!d->stop)
            continue;
        rc = purge_stop(p, plan, d, sleep, &why);
        if (rc < 0 && why.kind == ERR_BUSY) { /* the end of the program: it begins again */
            *e = why;
            return -1;
        }
        *stopped += rc > 0;
        metric_add(&metrics->purged, rc > 0);
        if (rc > 0)
            log_info("purge %lld: %s %s", (long long)run, sleep ? "put to sleep" : "terminated",
                     d->subdomain);
        if (rc <= 0)
            result = rc < 0 ? arena_strdup(a, why.text) : "kept: it was used after the decision";
        if (store_purge_result(p->db, run, d->subdomain, result, e) < 0)
            return -1;
    }
    return 0;
}

static int run_one(struct purger *p, const struct purge_run *run, struct arena *a, struct err *e)
{
    const struct purge_view view = {.source = cloudwatch_source(p->aws),
                                    .max_age_s = p->config->purge.max_age_ms / 1000,
                                    .db = p->db,
                                    .runner = p->runner};
    struct purge_rules rules = {0};
    struct purge_input input;
    struct purge_plan plan;
    size_t stopped;
    int rc = -1;

    if (purge_input_from_json(run->request, a, &input, e) < 0 ||
        purge_rules_check(&input, &rules, e) < 0 ||
        purge_look_twice(p, &view, &rules, a, &plan, e) < 0)
        goto out;
    if (plan.warning)
        log_warn("purge %lld: %s: what is not known is kept", (long long)run->id, plan.warning);
    if (store_purge_decisions(p->db, run->id, plan.decisions, plan.n, e) < 0 ||
        carry_out(p, run->id, &plan, rules.sleep, &stopped, a, e) < 0)
        goto out;
    log_info("purge %lld: %zu of %zu environments stopped", (long long)run->id, stopped, plan.n);
    rc = plan.warning ? err_set(e, ERR_REFUSED, "%s", plan.warning) : 0;
out:
    purge_rules_free(&rules);
    return rc;
}

/* The oldest that waits. 1 when there was one, 0 when not, -1. */
static int run_next(struct purger *p, struct err *e)
{
    struct arena a = {0};
    struct purge_run run;
    struct err why = {0};
    int rc = store_purge_next(p->db, clock_now_ms(), &a, &run, e);

    if (rc > 0) {
        int ended = run_one(p, &run, &a, &why);
        if (ended < 0)
            log_error("purge %lld: %s", (long long)run.id, why.text);
        if (ended < 0 && why.kind == ERR_BUSY)
            rc = 0;
        else {
            metric_add(&metrics->purges, 1);
            metric_add(&metrics->purges_failed, ended < 0);
            rc = store_purge_finished(p->db, run.id, clock_now_ms(), why.text, e) < 0 ? -1 : 1;
        }
    }
    arena_free(&a);
    return rc;
}

static bool has_news(struct db *db, void *ctx)
{
    struct err e;

    (void)ctx;
    return store_purge_open(db, &e) > 0;
}

void sync_purge(struct job *job)
{
    struct purger p;
    struct err e;
    int rc, lock;

    if (purger_open(&p, job->config, job->state_dir, &e) < 0) {
        log_error("purge: %s", e.text);
        return;
    }
    p.db = job->db;
    p.stop = job->stop;
    do {
        rc = 0;
        if (store_purge_open(job->db, &e) <= 0)
            continue;
        lock = purge_lock(job->config, job->state_dir, &e);
        if (lock < 0) {
            log_info("a purge waits: %s", e.text);
            rc = -1;
            continue;
        }
        while ((rc = run_next(&p, &e)) > 0)
            ;
        close(lock);
        if (rc < 0)
            log_error("%s", e.text);
    } while (
        job_wait(job->db, job->stop, rc < 0 ? BUSY_MS : LOOK_MS, rc < 0 ? NULL : has_news, NULL));
    purger_close(&p);
}

/* --- the schedule ------------------------------------------------------------------------------
 */

static void ask(struct job *job, int64_t at)
{
    struct arena a = {0};
    struct err e;
    int64_t last = store_purge_last(job->db, "schedule", &e);

    /* Not twice for one minute when this program has been started again within it. */
    if (last / 60000 != at / 60000 &&
        store_purge_ask(job->db, clock_now_ms(), "schedule",
                        purge_input_to_json(&job->config->purge.request, &a), &e) < 0)
        log_error("the scheduled purge: %s", e.text);
    arena_free(&a);
}

void sync_schedule(struct job *job)
{
    struct schedule schedule;
    int64_t before = clock_now_ms(), now, next;
    struct err e;

    if (schedule_parse(&schedule, job->config->purge.schedule, &e) < 0) {
        log_error("purge.schedule: %s", e.text); /* the configuration was checked */
        return;
    }
    /* From one look to the next: a clock that is set back or forward loses at most a run. */
    do {
        now = clock_now_ms();
        next = schedule_next(&schedule, before);
        if (next >= 0 && next <= now)
            ask(job, next);
        before = now;
        next = schedule_next(&schedule, now);
    } while (job_wait(job->db, job->stop,
                      next >= 0 && next - now < STEP_MS ? next - now + 1 : STEP_MS, NULL, NULL));
}
