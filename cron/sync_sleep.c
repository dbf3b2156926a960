/* What nobody has used for sleep.after sleeps, outside of sleep.awake. The decision is a purge's,
 * with the same rules and reasons. */
#include "sync_sleep.h"

#include "aws/cloudwatch.h"
#include "awake.h"
#include "clock.h"
#include "log.h"

#include "purge_run.h"

#define PACE_MIN_MS 60000
#define PACE_MAX_MS (15 * 60000)

/* How often it looks: a twelfth of sleep.after. What CloudWatch is asked is paid for. */
static int64_t pace_ms(const struct config *config)
{
    int64_t ms = config->sleep.after_ms / 12;

    return ms < PACE_MIN_MS ? PACE_MIN_MS : ms > PACE_MAX_MS ? PACE_MAX_MS : ms;
}

/* Whether nothing may fall asleep now. */
static bool is_awake_time(const struct job *job)
{
    const struct config_strings *spans = &job->config->sleep.awake;
    int weekday, minute;

    zone_clock(job->zone, clock_now_ms(), &weekday, &minute);
    return awake_left(spans->items, spans->len, weekday, minute) != 0;
}

static void carry_out(struct job *job, struct purger *p, struct purge_plan *plan, struct arena *a)
{
    long long minutes = (long long)job->config->sleep.after_ms / 60000;

    for (size_t i = 0; i < plan->n; i++) {
        struct purge_decision *d = &plan->decisions[i];
        struct err e;
        int rc;
        if (!d->stop || is_awake_time(job))
            continue;
        d->reason = arena_printf(a, "not used for %lld minutes (sleep.after)", minutes);
        rc = purge_stop(p, plan, d, true, &e);
        if (rc < 0 && e.kind == ERR_BUSY) /* the end of the program */
            return;
        if (rc < 0)
            log_warn("%s stays awake: %s", d->subdomain, e.text);
        else if (rc > 0)
            log_info("put %s to sleep: %s", d->subdomain, d->reason);
    }
}

static void look(struct job *job, struct purger *p)
{
    const struct purge_view view = {.source = cloudwatch_source(p->aws),
                                    .db = p->db,
                                    .runner = p->runner,
                                    .used_here_is_enough = true};
    struct purge_rules rules = {0};
    struct purge_plan plan;
    struct arena a = {0};
    struct err e;

    if (is_awake_time(job))
        return;
    if (purge_rules_check(&job->config->sleep.request, &rules, &e) < 0 ||
        purge_look_twice(p, &view, &rules, &a, &plan, &e) < 0)
        log_error("sleep: %s", e.text);
    else {
        if (plan.warning)
            log_warn("sleep: %s: what is not known stays awake", plan.warning);
        carry_out(job, p, &plan, &a);
    }
    purge_rules_free(&rules);
    arena_free(&a);
}

void sync_sleep(struct job *job)
{
    struct purger p;
    struct err e;

    if (purger_open(&p, job->config, job->state_dir, &e) < 0) {
        log_error("sleep: %s", e.text);
        return;
    }
    p.db = job->db;
    p.stop = job->stop;
    p.by = "sleep.after";
    while (job_wait(job->db, job->stop, pace_ms(job->config), NULL, NULL))
        look(job, &p);
    purger_close(&p);
}
