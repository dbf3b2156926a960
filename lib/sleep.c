#include "sleep.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "asleep.h"
#include "asleep_keep.h"
#include "clock.h"
#include "environment.h"
#include "json.h"
#include "launch.h"
#include "launch_id.h"
#include "launch_rule.h"
#include "limit.h"
#include "log.h"
#include "metrics.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

#define ASK_MS 2000 /* what is kept for all copies is asked about so long */

/* --- sleep ------------------------------------------------------------------------------------ */

/* How many tasks its launch has, as its tag says; 0: it does not. */
static size_t wanted_of(const struct task *t)
{
    json_t *tags = json_loads(t->tags, 0, NULL);
    const json_t *tag = json_find(tags, "Key", LAUNCH_TASKS_TAG);
    long n = tag ? atol(json_member(tag, "Value")) : 0;

    json_decref(tags);
    return n > 0 ? (size_t)n : 0;
}

/* Moves the tasks of the newest launch to the front. Returns how many those are. */
static size_t front_newest(struct task *tasks, size_t n)
{
    const char *newest = "";
    size_t front = 0;

    for (size_t i = 0; i < n; i++)
        if (strcmp(tasks[i].launch, newest) > 0)
            newest = tasks[i].launch;
    for (size_t i = 0; i < n; i++) {
        struct task t = tasks[i];
        if (strcmp(t.launch, newest) != 0)
            continue;
        tasks[i] = tasks[front];
        tasks[front++] = t;
    }
    return front;
}

/* Whether *id, the newest launch of the tasks at hand, is what serves, and nothing newer is on its
 * way: ERR_BUSY when not. What has failed after it sleeps, too: *id becomes the newest of those. */
static int settle_launch(struct db *db, const char *subdomain, const char **id, struct arena *a,
                         struct err *e)
{
    struct environment env = {.serving = ""};
    const char *serves = *id;
    struct launch_list launches;

    if (store_launch_list(db, subdomain, a, &launches, e) < 0 ||
        store_environment_get(db, subdomain, a, &env, e) < 0)
        return -1;
    for (size_t i = 0; i < launches.len; i++) {
        const struct launch *l = &launches.items[i];
        bool ended = l->state == LAUNCH_FAILED || l->state == LAUNCH_STOPPED;
        if (strcmp(l->id, serves) > 0 && !ended)
            return err_set(e, ERR_BUSY,
                           "%s cannot be put to sleep while a newer launch of it is on its way",
                           subdomain);
        if (strcmp(l->id, *id) > 0)
            *id = l->id;
    }
    if (*env.serving && strcmp(env.serving, serves) != 0)
        return err_set(e, ERR_BUSY, "%s cannot be put to sleep: another launch of it serves",
                       subdomain);
    return 0;
}

/* Tasks without an id get one to sleep under: of the time when they were launched, so that what
 * wakes them is newer than what was terminated before them. */
static const char *id_of_untagged(const struct task *tasks, size_t n, struct arena *a)
{
    char id[ULID_SIZE];
    int64_t newest = 0;

    for (size_t i = 0; i < n; i++)
        newest = tasks[i].created_at > newest ? tasks[i].created_at : newest;
    launch_id_of_time(tasks[0].subdomain, newest, id);
    return arena_strdup(a, id);
}

static int begin(struct db *db, struct runner *r, const struct config *config,
                 const struct task *all, size_t n_all, const char *by, const char *reason,
                 struct arena *a, struct err *e)
{
    struct task *tasks = arena_array(a, n_all, sizeof *tasks);
    struct asleep asleep = {
        .subdomain = all[0].subdomain, .at = clock_now_ms(), .by = by, .reason = reason};
    size_t n;

    memcpy(tasks, all, n_all * sizeof *tasks);
    n = front_newest(tasks, n_all);
    if (n < wanted_of(&tasks[0]))
        return err_set(e, ERR_BUSY, "%s cannot be put to sleep: %zu of its %zu tasks run",
                       asleep.subdomain, n, wanted_of(&tasks[0]));
    asleep.launch = tasks[0].launch;
    asleep.request = launch_of_tasks(config, tasks, n, a);
    if (db && settle_launch(db, asleep.subdomain, &asleep.launch, a, e) < 0)
        return -1;
    if (!*asleep.launch)
        asleep.launch = id_of_untagged(tasks, n, a);
    return asleep_keep(db, r, &asleep, e);
}

int sleep_begin(struct db *db, struct runner *r, const struct config *config,
                const struct task *tasks, size_t n, const char *by, const char *reason,
                struct err *e)
{
    struct arena a = {0};
    int rc = begin(db, r, config, tasks, n, by, reason, &a, e);

    arena_free(&a);
    return rc;
}

static int sleep_all(struct db *db, struct runner *r, const struct config *config,
                     const char *subdomain, const char *by, const char *reason, struct arena *a,
                     struct err *e)
{
    struct asleep_row row;
    struct task_list tasks;
    struct err why;
    int rc = store_task_of(db, subdomain, TASK_RUNNING, a, &tasks, e);

    if (rc < 0)
        return -1;
    if (tasks.len == 0) {
        rc = store_asleep_get(db, subdomain, a, &row, e);
        if (rc == 0)
            return err_set(e, ERR_NOT_FOUND, "nothing runs under %.63s", subdomain);
        rc = rc < 0 ? -1 : environment_wake_progress(db, subdomain, e);
        return rc == WAKE_ON_ITS_WAY
                   ? err_set(e, ERR_BUSY, "%.63s cannot be put to sleep while it is being woken",
                             subdomain)
                   : (rc < 0 ? -1 : 0);
    }
    if (begin(db, r, config, tasks.items, tasks.len, by, reason, a, e) < 0)
        return -1;
    /* From here on it sleeps: a stop that fails is tried again by mirage-sync. */
    for (size_t i = 0; i < tasks.len; i++)
        if (environment_stop_task(db, r, tasks.items[i].arn, STOP_ASLEEP, &why) < 0)
            log_warn("%s: %s", subdomain, why.text);
    return 0;
}

int environment_sleep(struct db *db, struct runner *r, const struct config *config,
                      const char *subdomain, const char *by, const char *reason, struct err *e)
{
    struct arena a = {0};
    int rc = sleep_all(db, r, config, subdomain, by, reason, &a, e);

    arena_free(&a);
    return rc;
}

/* --- wake ------------------------------------------------------------------------------------- */

static const struct launch *find(const struct launch_list *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++)
        if (!strcmp(list->items[i].id, id))
            return &list->items[i];
    return NULL;
}

/* Whether the launch of this id is a wake of what sleeps: the first, or one after those that were
 * tried. *newest: with the newest revisions. */
static bool is_wake(const struct asleep *asleep, const struct launch_list *launches,
                    const char *launch, bool *newest)
{
    for (int i = 0; i < 2; i++) {
        char id[ULID_SIZE], next[ULID_SIZE];

        *newest = i;
        for (asleep_wake_id(asleep, *newest, id); find(launches, id); memcpy(id, next, sizeof id)) {
            if (!strcmp(id, launch))
                return true;
            launch_id_after(asleep->subdomain, id, "", next);
        }
    }
    return false;
}

/* A wake of which not all tasks were started, for whoever began it has ended. */
struct half {
    const struct launch *launch; /* NULL: there is none */
    bool newest;
};

/* Whether a launch that is newer than what sleeps runs, or is being started. */
static int is_on_its_way(struct db *db, const struct asleep *asleep,
                         const struct launch_list *launches, struct half *half, struct arena *a,
                         struct err *e)
{
    const int64_t now = clock_now_ms();
    struct task_list live, all;
    bool runs = false;

    *half = (struct half){0};
    if (store_task_of(db, asleep->subdomain, TASK_RUNNING, a, &live, e) < 0 ||
        store_task_of(db, asleep->subdomain, TASK_ALL, a, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < launches->len; i++) {
        const struct launch *l = &launches->items[i];
        bool newest, is_starting = l->state == LAUNCH_STARTING;
        if (strcmp(l->id, asleep->launch) <= 0)
            continue;
        if (is_starting && !environment_is_fresh(l, now) &&
            task_count_of_launch(&all, l->id) < l->n_wanted &&
            is_wake(asleep, launches, l->id, &newest))
            *half = (struct half){l, newest};
        else
            runs = runs || task_count_of_launch(&live, l->id) > 0 ||
                   (is_starting && environment_is_fresh(l, now));
    }
    return runs;
}

/* The families of the task definitions: ECS takes the newest revision of each. */
static const char *const *without_revisions(const struct launch_request *r, struct arena *a)
{
    const char **families = arena_array(a, r->n_taskdefs, sizeof *families);

    for (size_t i = 0; i < r->n_taskdefs; i++) {
        const char *colon = strrchr(r->taskdefs[i], ':');
        bool numbered = colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
        families[i] = numbered ? arena_strndup(a, r->taskdefs[i], (size_t)(colon - r->taskdefs[i]))
                               : r->taskdefs[i];
    }
    return families;
}

/* Whether another one has begun to launch it meanwhile. */
static bool somebody_else_does(struct db *db, const struct asleep *asleep, struct arena *a)
{
    struct half half;
    struct launch_list launches;
    struct err unknown;

    return store_launch_list(db, asleep->subdomain, a, &launches, &unknown) == 0 &&
           is_on_its_way(db, asleep, &launches, &half, a, &unknown) > 0;
}

static int launch_again(struct db *db, struct runner *r, const struct asleep *asleep,
                        const struct launch_list *launches, const struct half *half, const char *by,
                        bool newest, struct arena *a, struct err *e)
{
    struct launch_request request = asleep->request;
    char id[ULID_SIZE], next[ULID_SIZE];
    struct err ignored;

    /* Behind what was tried already: its tokens are used. What was half started is completed: each
     * of its calls of RunTask may be repeated. */
    asleep_wake_id(asleep, newest, id);
    for (; find(launches, id); memcpy(id, next, sizeof id))
        launch_id_after(asleep->subdomain, id, "", next);
    request.launch = half->launch ? half->launch->id : id;
    request.by = by;
    if (half->launch ? half->newest : newest)
        request.taskdefs = without_revisions(&request, a);
    if (environment_launch(db, r, &request, e) == 0) {
        metric_add(&metrics->wakes[metrics_by(by)], 1);
        return 1;
    }
    if (somebody_else_does(db, asleep, a))
        return 0;
    if (store_asleep_error(db, asleep->subdomain, e->text, &ignored) < 0)
        log_error("%s", ignored.text);
    return -1;
}

/* Whether nothing is kept of it any more. It is not known where that cannot be asked at once. */
static bool is_gone(struct runner *r, const char *subdomain, struct arena *a)
{
    const struct limit *before = r->limit;
    struct limit soon = {.until_ms = clock_monotonic_ms() + ASK_MS};
    struct asleep kept;
    struct err unknown;
    bool gone;

    if (before && before->until_ms < soon.until_ms)
        soon.until_ms = before->until_ms;
    runner_limit(r, &soon);
    gone = runner_keeps(r) && runner_kept_get(r, subdomain, a, &kept, &unknown) == 0;
    runner_limit(r, before);
    return gone;
}

static int wake(struct db *db, struct runner *r, const char *subdomain, const char *by, bool newest,
                struct arena *a, struct err *e)
{
    struct half half;
    struct launch_list launches;
    struct asleep_row row;
    struct asleep asleep;
    int rc = store_asleep_get(db, subdomain, a, &row, e);

    if (rc == 0)
        return err_set(e, ERR_NOT_FOUND, "%.63s does not sleep", subdomain);
    if (rc < 0 || store_launch_list(db, subdomain, a, &launches, e) < 0)
        return -1;
    if (asleep_from_json(subdomain, row.request, strlen(row.request), a, &asleep, e) < 0)
        return err_prefix(e, "what is kept of %.63s", subdomain);
    rc = is_on_its_way(db, &asleep, &launches, &half, a, e);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    /* Another copy may have woken or terminated it just now. Where that cannot be asked, what is
     * known here counts. */
    if (*row.etag && is_gone(r, subdomain, a))
        return err_set(e, ERR_NOT_FOUND, "%s sleeps no longer: its object in state.url is gone",
                       subdomain);
    return launch_again(db, r, &asleep, &launches, &half, by, newest, a, e);
}

static int progress(struct db *db, const char *subdomain, struct arena *a, struct err *e)
{
    struct half half;
    struct launch_list launches;
    struct asleep_row row;
    int rc = store_asleep_get(db, subdomain, a, &row, e);

    if (rc <= 0)
        return rc < 0 ? -1 : WAKE_NOT;
    if (store_launch_list(db, subdomain, a, &launches, e) < 0)
        return -1;
    rc = is_on_its_way(db, &row.asleep, &launches, &half, a, e);
    return rc < 0 ? -1 : rc > 0 ? WAKE_ON_ITS_WAY : half.launch ? WAKE_BROKEN_OFF : WAKE_NOT;
}

int environment_wake_progress(struct db *db, const char *subdomain, struct err *e)
{
    struct arena a = {0};
    int rc = progress(db, subdomain, &a, e);

    arena_free(&a);
    return rc;
}

int environment_wake(struct db *db, struct runner *r, const char *subdomain, const char *by,
                     bool newest, struct err *e)
{
    struct arena a = {0};
    int rc = wake(db, r, subdomain, by, newest, &a, e);

    arena_free(&a);
    return rc;
}
