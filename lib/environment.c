#include "environment.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "ascii.h"
#include "asleep_keep.h"
#include "clock.h"
#include "launch.h"
#include "launch_rule.h"
#include "log.h"
#include "metrics.h"
#include "pattern.h"
#include "recover_rule.h"
#include "regex.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"
#include "ulid.h"

/* The subdomains at which a launch, or a termination, is at work: one at a time each. */
struct at_work {
    const char *subdomain;
    struct at_work *next;
};

static struct at_work *all_at_work;
static pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_ended = PTHREAD_COND_INITIALIZER;

static bool is_at_work(const char *subdomain)
{
    for (const struct at_work *w = all_at_work; w; w = w->next)
        if (!strcmp(w->subdomain, subdomain))
            return true;
    return false;
}

/* Waits until nobody else is at work at the subdomain, as long as the runner's limit allows. */
static int begin_work(struct at_work *own, const struct runner *r, struct err *e)
{
    struct timespec end = {0};
    int rc = 0;

    if (r->limit)
        end = (struct timespec){r->limit->until_ms / 1000, r->limit->until_ms % 1000 * 1000000};
    pthread_mutex_lock(&work_lock);
    while (rc == 0 && is_at_work(own->subdomain))
        rc = r->limit ? pthread_cond_clockwait(&work_ended, &work_lock, CLOCK_MONOTONIC, &end)
                      : pthread_cond_wait(&work_ended, &work_lock);
    if (!is_at_work(own->subdomain)) {
        own->next = all_at_work;
        all_at_work = own;
        rc = 0;
    }
    pthread_mutex_unlock(&work_lock);
    return rc == 0 ? 0
                   : err_set(e, ERR_BUSY, "%s is being launched or terminated by another request",
                             own->subdomain);
}

static void end_work(struct at_work *own)
{
    struct at_work **at = &all_at_work;

    pthread_mutex_lock(&work_lock);
    while (*at != own)
        at = &(*at)->next;
    *at = own->next;
    pthread_cond_broadcast(&work_ended);
    pthread_mutex_unlock(&work_lock);
}

int environment_stop_task(struct db *db, struct runner *r, const char *arn, const char *reason,
                          struct err *e)
{
    if (runner_stop(r, arn, reason, e) < 0)
        return err_prefix(e, "cannot stop task %s", arn);
    return store_task_stopping(db, arn, reason, e);
}

/* Stops every live task of the subdomain, or of its launches before the id `before`; goes on after
 * a failure and keeps the first error. */
static int stop_all(struct db *db, struct runner *r, const char *subdomain, const char *before,
                    const char *reason, struct err *e)
{
    struct arena a = {0};
    struct task_list tasks = {0};
    struct err why;
    int rc = store_task_of(db, subdomain, TASK_RUNNING, &a, &tasks, e);
    size_t n = rc < 0 ? 0 : tasks.len;

    for (size_t i = 0; i < n; i++)
        if ((!before || strcmp(tasks.items[i].launch, before) < 0) &&
            environment_stop_task(db, r, tasks.items[i].arn, reason, rc < 0 ? &why : e) < 0)
            rc = -1;
    arena_free(&a);
    return rc;
}

/* The time of the newest launch that is known of the subdomain, or was terminated; 0: none has an
 * id. */
static int newest_ms(struct db *db, const char *subdomain, struct arena *a, int64_t *ms,
                     struct err *e)
{
    struct environment env = {.over = ""};
    struct launch_list launches;
    struct asleep_row row;
    const char *newest = "";
    int asleep;

    if (store_launch_list(db, subdomain, a, &launches, e) < 0 ||
        store_environment_get(db, subdomain, a, &env, e) < 0)
        return -1;
    if (launches.len > 0)
        newest = launches.items[launches.len - 1].id;
    if (strcmp(env.over, newest) > 0)
        newest = env.over;
    asleep = store_asleep_get(db, subdomain, a, &row, e);
    if (asleep < 0)
        return -1;
    if (asleep > 0 && strcmp(row.asleep.launch, newest) > 0)
        newest = row.asleep.launch;
    *ms = ulid_is_valid(newest) ? ulid_ms(newest) : 0;
    return 0;
}

/* The id of a new launch: behind all that are known of the subdomain, whatever the clocks of other
 * copies say. */
static int new_id(struct db *db, const char *subdomain, struct arena *a, char id[ULID_SIZE],
                  struct err *e)
{
    int64_t now = clock_now_ms(), newest;

    if (newest_ms(db, subdomain, a, &newest, e) < 0)
        return -1;
    ulid_new(now > newest ? now : newest + 1, id);
    return 0;
}

/* It has ended: forgets it where it sleeps. What cannot be forgotten now, or sleeps without being
 * known here yet, mirage-sync forgets. */
static int forget(struct db *db, struct runner *r, const char *subdomain, const char *over,
                  struct err *e)
{
    struct asleep_row row;
    struct arena a = {0};
    int rc = store_asleep_get(db, subdomain, &a, &row, e);

    arena_free(&a);
    if (rc > 0 && asleep_forget(db, r, subdomain, over, e) < 0)
        return err_prefix(e, "%s was terminated, and is tried to be forgotten again", subdomain);
    return rc < 0 ? -1 : 0;
}

/* Ends the environment, with what another thread or copy makes of its launches meanwhile; where it
 * sleeps, it is forgotten. */
static int end_for_good(struct db *db, struct runner *r, const char *subdomain, struct err *e)
{
    static const unsigned char last[ULID_REST] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    struct arena a = {0};
    char over[ULID_SIZE];
    int64_t newest;
    int rc = newest_ms(db, subdomain, &a, &newest, e);

    arena_free(&a);
    if (rc < 0)
        return -1;
    ulid_make(newest + RECOVER_AHEAD_MS, last, over);
    if (store_environment_terminate(db, subdomain, clock_now_ms(), over, e) < 0)
        return -1;
    return forget(db, r, subdomain, over, e);
}

/* mirage-sync's start, in its process: what it had begun before is nobody's. */
static _Atomic int64_t started_at;

void environment_forsake(int64_t before_ms)
{
    started_at = before_ms;
}

bool environment_is_fresh(const struct launch *l, int64_t now_ms)
{
    const bool is_own =
        !strcmp(l->by, WAKE_VISIT) || !strcmp(l->by, WAKE_SCHEDULE) || !strcmp(l->by, WAKE_BOTH);

    return launch_is_fresh(l, now_ms) && !(is_own && l->at < started_at);
}

/* Whether somebody else starts this very launch, or has started it, as two who wake at once may.
 * One that has come to nothing for a minute is nobody's any more. -1 on error. */
static int is_taken(struct db *db, const struct launch *launch, struct err *e)
{
    struct arena a = {0};
    struct launch there;
    int rc = store_launch_get(db, launch->id, &a, &there, e);

    if (rc > 0)
        rc = there.state != LAUNCH_STARTING || environment_is_fresh(&there, launch->at);
    arena_free(&a);
    return rc;
}

/* Writes the launch down before anything is started. ERR_BUSY when somebody else has done so. */
static int record_begin(struct db *db, const struct launch *launch, struct err *e)
{
    int taken;

    if (db_begin(db, e) < 0)
        return -1;
    taken = is_taken(db, launch, e);
    if (taken > 0)
        err_set(e, ERR_BUSY, "%s is being launched already", launch->subdomain);
    if (taken == 0 && store_launch_put(db, launch, e) == 0 &&
        store_environment_launch(db, launch->subdomain, launch->at, launch->id, e) == 0 &&
        db_commit(db, e) == 0)
        return 0;
    db_rollback(db);
    return -1;
}

static int end_if_empty(struct db *db, const char *subdomain, struct err *e)
{
    struct arena a = {0};
    struct task_list live;
    int rc = store_task_of(db, subdomain, TASK_RUNNING, &a, &live, e);

    if (rc == 0 && live.len == 0)
        rc = store_environment_end(db, subdomain, clock_now_ms(), e);
    arena_free(&a);
    return rc;
}

/* Writes what the launch came to: the tasks that were taken, or that it failed. */
static int record_results(struct db *db, const struct launch *launch,
                          const struct launch_result *results, size_t n, struct err *e)
{
    if (db_begin(db, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!results[i].error && store_task_add(db, &results[i].task, e) < 0)
            goto undo;
    if (store_launch_put(db, launch, e) < 0 || end_if_empty(db, launch->subdomain, e) < 0)
        goto undo;
    if (db_commit(db, e) == 0)
        return 0;
undo:
    db_rollback(db);
    return -1;
}

/* The answer to a launch of which not everything was taken. */
static int refused(const struct launch_request *request, const struct launch_result *results,
                   size_t n_taken, struct arena *a, struct err *e)
{
    const char *failed = "", *started = "";

    for (size_t i = 0; i < request->n_taskdefs; i++) {
        const struct launch_result *r = &results[i];
        if (r->error)
            failed =
                arena_printf(a, "%s%s%s: %s", failed, *failed ? "; " : "", r->taskdef, r->error);
        else
            started = arena_printf(a, "%s%s%s (%s)", started, *started ? ", " : "", r->taskdef,
                                   r->task.short_id);
    }
    return err_set(e, ERR_REFUSED, "failed to launch %s: %s%s%s", request->subdomain, failed,
                   n_taken ? "; started, and stopped again: " : "", started);
}

/* None of a launch stays of which not everything was taken: what serves goes on alone. */
static void stop_taken(struct db *db, struct runner *r, const struct launch_request *request,
                       const struct launch_result *results)
{
    struct err e;

    for (size_t i = 0; i < request->n_taskdefs; i++)
        if (!results[i].error &&
            environment_stop_task(db, r, results[i].task.arn, STOP_FAILED, &e) < 0)
            log_error("%s: %s", request->subdomain, e.text);
}

/* What is tried once the launch was written down: *taken says how many tasks were. */
static int run(struct runner *r, const struct launch_request *request,
               const struct launch_plan *plan, struct arena *a, struct launch_result *results,
               size_t *n, size_t *n_taken, struct err *e)
{
    int rc = runner_launch(r, request, plan, a, results, e);

    *n = rc < 0 ? 0 : request->n_taskdefs; /* there is a result for each, or for none */
    *n_taken = 0;
    for (size_t i = 0; i < *n; i++)
        *n_taken += !results[i].error;
    return rc == 0 && *n_taken < *n ? refused(request, results, *n_taken, a, e) : rc;
}

/* Nothing was started: *e says why. Returns -1. */
static int give_up(struct db *db, struct launch *launch, const struct err *e)
{
    struct err why;

    launch->state = LAUNCH_FAILED;
    launch->reason = e->text;
    metrics_failed(e->text);
    if (store_launch_put(db, launch, &why) < 0)
        log_error("%s: %s", launch->subdomain, why.text);
    return -1;
}

/* The same of one that was not begun here: another one may have begun it meanwhile. */
static int give_up_unbegun(struct db *db, struct launch *launch, const struct err *e)
{
    struct err why;
    int taken;

    if (db_begin(db, &why) < 0) {
        log_error("%s: %s", launch->subdomain, why.text);
        return -1;
    }
    taken = is_taken(db, launch, &why);
    if (taken == 0) {
        give_up(db, launch, e);
        taken = db_commit(db, &why);
    }
    if (taken < 0)
        log_error("%s: %s", launch->subdomain, why.text);
    db_rollback(db);
    return -1;
}

static int launch_alone(struct db *db, struct runner *r, struct launch_request *request,
                        struct arena *a, struct err *e)
{
    struct launch_result *results = arena_array(a, request->n_taskdefs, sizeof *results);
    struct launch launch = {.subdomain = request->subdomain,
                            .at = clock_now_ms(),
                            .by = request->by,
                            .request = launch_to_json(request, a),
                            .n_wanted = request->n_taskdefs,
                            .reason = ""};
    struct launch_plan plan;
    char id[ULID_SIZE];
    struct err why;
    size_t n, n_taken;
    int rc;

    if (runner_prepare(r, request, a, &plan, e) < 0) {
        err_prefix(e, "failed to launch %s", request->subdomain);
        launch.id = request->launch; /* with an id it counts as one that was tried */
        return request->launch ? give_up_unbegun(db, &launch, e) : -1;
    }
    if (!request->launch) {
        if (new_id(db, request->subdomain, a, id, e) < 0)
            return -1;
        request->launch = id;
    }
    launch.id = request->launch;
    /* Written first: where nothing can be written, nothing is stopped either. */
    if (record_begin(db, &launch, e) < 0)
        return -1;
    metric_add(&metrics->launches, 1);
    if (request->stop_first &&
        stop_all(db, r, request->subdomain, launch.id, STOP_RELAUNCHED, e) < 0)
        return give_up(db, &launch, e);
    rc = run(r, request, &plan, a, results, &n, &n_taken, e);
    if (rc < 0) {
        launch.state = LAUNCH_FAILED;
        launch.reason = e->text;
        metrics_failed(e->text);
    }
    /* The runner's error is the one to keep. */
    if (record_results(db, &launch, results, n, rc < 0 ? &why : e) < 0)
        rc = -1;
    if (rc < 0 && n_taken > 0)
        stop_taken(db, r, request, results);
    return rc;
}

int environment_launch(struct db *db, struct runner *r, const struct launch_request *request,
                       struct err *e)
{
    struct launch_request own = *request; /* it gets an id */
    struct at_work work = {.subdomain = request->subdomain};
    struct arena a = {0};
    int rc;

    if (begin_work(&work, r, e) < 0)
        return -1;
    rc = launch_alone(db, r, &own, &a, e);
    end_work(&work);
    arena_free(&a);
    return rc;
}

int environment_terminate(struct db *db, struct runner *r, const char *subdomain, struct err *e)
{
    struct at_work work = {.subdomain = subdomain};
    int rc;

    if (begin_work(&work, r, e) < 0)
        return -1;
    rc = stop_all(db, r, subdomain, NULL, STOP_REQUESTED, e);
    if (rc >= 0)
        rc = end_for_good(db, r, subdomain, e);
    end_work(&work);
    return rc;
}

/* Ends the environment, unless it sleeps, or was launched again after `began` (ms). */
static int end_unless_newer(struct db *db, struct runner *r, const char *subdomain, int64_t began,
                            struct arena *a, struct err *e)
{
    struct environment env;
    struct asleep_row row;
    int rc = store_environment_get(db, subdomain, a, &env, e);

    if (rc <= 0 || env.launched_at > began)
        return rc < 0 ? -1 : 0;
    rc = store_asleep_get(db, subdomain, a, &row, e);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return end_for_good(db, r, subdomain, e);
}

int environment_terminate_task(struct db *db, struct runner *r, const char *id, const char *reason,
                               struct err *e)
{
    int64_t began = clock_now_ms();
    struct arena a = {0};
    struct task task;
    struct task_list left;
    int rc = store_task_get(db, id, &a, &task, e);

    if (rc == 0)
        rc = err_set(e, ERR_NOT_FOUND, "task %.200s is not found", id);
    else if (rc > 0) {
        rc = environment_stop_task(db, r, task.arn, reason, e);
        if (rc == 0)
            rc = store_task_of(db, task.subdomain, TASK_RUNNING, &a, &left, e);
        if (rc == 0 && left.len == 0)
            rc = end_unless_newer(db, r, task.subdomain, began, &a, e);
    }
    arena_free(&a);
    return rc;
}
