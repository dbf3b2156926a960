/* mirage-sync: keeps the database's view of the tasks in step with the runner. Other work has jobs
 * of its own: purges and their schedule, the report of access counts, the records of mirage link.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aws/self_config.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "program.h"
#include "signals.h"
#include "store/store_route.h"
#include "store/store_sync.h"
#include "zone.h"

#include "job.h"
#include "sync.h"
#include "sync_asleep.h"
#include "sync_figures.h"
#include "sync_link.h"
#include "sync_purge.h"
#include "sync_recover.h"
#include "sync_report.h"
#include "sync_sleep.h"
#include "sync_wake.h"

/* How long it waits between two looks at the tasks, in ms. ECS bounds the calls of an account. */
static const struct pace {
    int idle_ms;
    int starting_ms; /* while a task is on its way up */
} ecs_pace = {10000, 1000}, local_pace = {1000, 100};

#define PROBE_AGAIN_MS 10000 /* what is ready is looked at again so often */

/* One pass. *starting as sync_probe() says. *probe_at: when what is ready is tried again, monotonic
 * ms. */
static int pass(struct db *db, struct runner *r, const struct config *config, bool *starting,
                int64_t *probe_at, struct err *e)
{
    bool again = clock_monotonic_ms() >= *probe_at;

    if (again)
        *probe_at = clock_monotonic_ms() + PROBE_AGAIN_MS;
    if (sync_view(db, r, e) < 0 || sync_probe(db, config, again, starting, e) < 0)
        return -1;
    return sync_launches(db, r, config, starting, e) < 0 ? -1
                                                         : sync_asleep(db, r, config, starting, e);
}

/* Logs a failure and leaves it in the database for the page. */
static void record_failure(struct db *db, const struct err *why)
{
    struct err e;

    log_error("sync failed: %s", why->text);
    metric_add(&metrics->sync_failures, 1);
    if (store_sync_failed(db, clock_now_ms(), why->text, &e) < 0 && strcmp(e.text, why->text) != 0)
        log_error("%s", e.text);
}

/* What the last pass has seen, and when the next one may come at the earliest: a purge changes what
 * is routed with every stop. */
struct seen {
    int64_t version;
    int64_t not_before; /* monotonic ms */
};

/* Whether somebody waits for a look, or has changed what is routed: a launch, or a stop. */
static bool has_news(struct db *db, void *ctx)
{
    const struct seen *seen = ctx;
    struct sync_status status;
    struct arena a = {0};
    struct err e;
    bool wanted = store_sync_get(db, &a, &status, &e) == 0 && status.wanted > status.looked;

    arena_free(&a);
    return wanted || (clock_monotonic_ms() >= seen->not_before &&
                      store_task_version(db, &e) != seen->version);
}

static void run(struct db *db, struct runner *r, const struct config *config, int signals)
{
    const struct pace pace = config->local ? local_pace : ecs_pace;
    bool starting = false;
    struct seen seen;
    int64_t ms, probe_at = 0;
    int failures = 0;

    do {
        struct err e = {0};
        seen.version = store_task_version(db, &e); /* what comes during the pass is news after */
        if (pass(db, r, config, &starting, &probe_at, &e) < 0) {
            record_failure(db, &e);
            ms = job_backoff_ms(++failures);
        } else {
            if (failures > 0)
                log_info("sync works again");
            failures = 0;
            metric_set(&metrics->sync_succeeded_at, (uint64_t)clock_now_ms());
            ms = starting ? pace.starting_ms : pace.idle_ms;
        }
        seen.not_before = clock_monotonic_ms() + pace.starting_ms / 2;
    } while (job_wait(db, signals, ms, failures ? NULL : has_news, &seen));
}

/* Runs everything until a signal asks to end. */
static int run_all(const struct program *program, struct db *db, struct runner *r, struct err *e)
{
    const struct config *config = program->config;
    const uint64_t one = 1;
    int signals = signals_watch((const int[]){SIGTERM, SIGINT, 0});
    int stop = eventfd(0, EFD_CLOEXEC);
    struct job jobs[] = {
        {.name = "purge", .run = sync_purge},
        {.name = "recover", .run = config->launch.recover_kinds ? sync_recover : NULL},
        {.name = "wake", .run = sync_wake},
        {.name = "asleep", .run = !config->local && config->state.url ? sync_asleep_share : NULL},
        {.name = "wake_at", .run = config->sleep.wake_at ? sync_wake_at : NULL},
        {.name = "sleep", .run = config->sleep.after_ms > 0 ? sync_sleep : NULL},
        {.name = "schedule", .run = config->purge.schedule ? sync_schedule : NULL},
        {.name = "counts", .run = config->local ? sync_forget : sync_report},
        {.name = "figures", .run = config->listen.metrics ? sync_figures : NULL},
        {.name = "link", .run = !config->local && config->link.hosted_zone_id ? sync_link : NULL},
    };
    const size_t n = sizeof jobs / sizeof jobs[0];
    struct zone zone;
    int rc = zone_load(&zone, config->sleep.timezone, e); /* while no other thread runs */

    for (size_t i = 0; i < n && rc == 0; i++) {
        jobs[i].config = config;
        jobs[i].state_dir = program->options.state;
        jobs[i].stop = stop;
        jobs[i].zone = &zone;
        if (jobs[i].run)
            rc = job_start(&jobs[i], e);
    }
    if (rc == 0)
        run(db, r, config, signals);
    if (write(stop, &one, sizeof one) != (ssize_t)sizeof one)
        log_error("cannot tell the jobs to end");
    for (size_t i = 0; i < n; i++)
        job_join(&jobs[i]);
    zone_free(&zone);
    close(stop);
    close(signals);
    return rc;
}

int main(int argc, char **argv)
{
    struct program program = {
        .name = "mirage-sync",
        .summary = "Keeps the database's view of the tasks as what runs them says it is.",
        .source = &self_config_source,
    };
    struct err e = {0};
    struct db *db = NULL;
    struct runner *r = NULL;
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    status = 1;
    metrics_join(program.options.state);
    if (db_open_state(&db, program.options.state, &e) < 0 ||
        runner_open(&r, program.config, program.options.state, &e) < 0) {
        log_error("%s", e.text);
        goto out;
    }
    if (run_all(&program, db, r, &e) < 0)
        log_error("%s", e.text);
    else
        status = 0;
out:
    runner_close(r);
    db_close(db);
    program_end(&program);
    return status;
}
