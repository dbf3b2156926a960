/* What becomes of the launches of each environment: launch_decide() on what the view has, carried
 * out. */
#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "launch_rule.h"
#include "log.h"
#include "metrics.h"
#include "recover_rule.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_start_time.h"
#include "store/store_task.h"

#define EMPTY_GRACE_MS 60000                   /* for a launch to come to its first task */
#define KEPT_MS        (INT64_C(86400) * 1000) /* launches that have ended are shown so long */

/* Everything there is, each list sorted by subdomain; and how far each was gone through. */
struct all {
    struct launch_list launches;
    struct task_list tasks;
    struct environment *environments;
    size_t n_environments;
    size_t launch, task, environment;
};

/* One environment. */
struct group {
    const char *subdomain;
    const struct environment *environment; /* NULL: it has ended */
    struct launch_seen *seen;              /* by id */
    struct launch_verdict *verdicts;
    size_t n;
};

static int by_launch(const void *left, const void *right)
{
    const struct task *a = left, *b = right;
    int order = strcmp(a->subdomain, b->subdomain);

    return order ? order : strcmp(a->launch, b->launch);
}

static int read_all(struct db *db, struct all *all, struct arena *a, struct err *e)
{
    *all = (struct all){0};
    if (store_launch_list(db, NULL, a, &all->launches, e) < 0 ||
        store_task_list(db, TASK_ALL, a, &all->tasks, e) < 0 ||
        store_environment_list(db, a, &all->environments, &all->n_environments, e) < 0)
        return -1;
    if (all->tasks.len > 0)
        qsort(all->tasks.items, all->tasks.len, sizeof *all->tasks.items, by_launch);
    return 0;
}

static void take_tasks(struct all *all, struct launch_seen *s)
{
    const struct task *t;

    /* Tasks whose launch is not known yet have it with the next look. */
    while (all->task < all->tasks.len && (t = &all->tasks.items[all->task]) &&
           (strcmp(t->subdomain, s->launch->subdomain) < 0 ||
            (!strcmp(t->subdomain, s->launch->subdomain) && strcmp(t->launch, s->launch->id) < 0)))
        all->task++;
    s->tasks = &all->tasks.items[all->task];
    while (all->task < all->tasks.len && (t = &all->tasks.items[all->task]) &&
           !strcmp(t->subdomain, s->launch->subdomain) && !strcmp(t->launch, s->launch->id)) {
        all->task++;
        s->n_tasks++;
    }
}

/* The next environment that has a launch. */
static bool next_group(struct all *all, struct group *g, struct arena *a)
{
    size_t first = all->launch;

    if (first == all->launches.len)
        return false;
    *g = (struct group){.subdomain = all->launches.items[first].subdomain};
    while (all->launch < all->launches.len &&
           !strcmp(all->launches.items[all->launch].subdomain, g->subdomain))
        all->launch++;
    g->n = all->launch - first;
    g->seen = arena_array(a, g->n, sizeof *g->seen);
    g->verdicts = arena_array(a, g->n, sizeof *g->verdicts);
    for (size_t i = 0; i < g->n; i++) {
        g->seen[i].launch = &all->launches.items[first + i];
        take_tasks(all, &g->seen[i]);
    }
    while (all->environment < all->n_environments &&
           strcmp(all->environments[all->environment].subdomain, g->subdomain) < 0)
        all->environment++;
    if (all->environment < all->n_environments &&
        !strcmp(all->environments[all->environment].subdomain, g->subdomain))
        g->environment = &all->environments[all->environment];
    return true;
}

/* Stops the live tasks of a launch. *refused becomes true after a failure, which is tried again
 * with the next look. */
static int stop(struct db *db, struct runner *r, const struct launch_seen *s, const char *reason,
                bool *refused, struct err *e)
{
    struct err why;

    for (size_t i = 0; i < s->n_tasks; i++) {
        const struct task *t = &s->tasks[i];
        if (!task_is_live(t))
            continue;
        if (runner_stop(r, t->arn, reason, &why) < 0) {
            log_warn("%s: cannot stop task %s: %s", t->subdomain, t->arn, why.text);
            *refused = true;
        } else if (store_task_stopping(db, t->arn, reason, e) < 0)
            return -1;
    }
    return 0;
}

static void tell(const struct group *g, size_t i)
{
    const struct launch_verdict *v = &g->verdicts[i];

    if (v->state == g->seen[i].launch->state)
        return;
    if (v->state == LAUNCH_FAILED) {
        metrics_failed(v->reason);
        log_warn("%s: the launch %s failed: %s", g->subdomain, g->seen[i].launch->id, v->reason);
    } else if (v->state == LAUNCH_READY && g->n > 1)
        log_info("%s: the launch %s is ready and serves", g->subdomain, g->seen[i].launch->id);
}

static bool is_changed(const struct launch *l, const struct launch_verdict *v)
{
    return l->state != v->state || l->ready_at != v->ready_at || l->stale_at != v->stale_at ||
           strcmp(l->reason, v->reason) != 0;
}

/* The launch has become ready: its task definitions take so long. */
static int note_start_time(struct db *db, const struct launch_seen *seen, const struct launch *l,
                           struct err *e)
{
    if (seen->launch->ready_at != 0 || l->ready_at == 0)
        return 0;
    metric_add(&metrics->launches_ready, 1);
    for (size_t i = 0; i < seen->n_tasks; i++) {
        metrics_started(seen->tasks[i].taskdef, l->ready_at - l->at);
        if (store_start_time_add(db, seen->tasks[i].taskdef, l, e) < 0)
            return -1;
    }
    return 0;
}

static int record(struct db *db, const struct group *g, size_t serves, struct err *e)
{
    if (db_begin(db, e) < 0)
        return -1;
    for (size_t i = 0; i < g->n; i++) {
        struct launch l = *g->seen[i].launch;
        if (!is_changed(&l, &g->verdicts[i]))
            continue;
        l.state = g->verdicts[i].state;
        l.ready_at = g->verdicts[i].ready_at;
        l.stale_at = g->verdicts[i].stale_at;
        l.reason = g->verdicts[i].reason;
        if (store_launch_put(db, &l, e) < 0 || note_start_time(db, &g->seen[i], &l, e) < 0)
            goto undo;
    }
    if (serves != LAUNCH_NONE &&
        store_environment_serve(db, g->subdomain, g->seen[serves].launch->id, e) < 0)
        goto undo;
    if (db_commit(db, e) == 0)
        return 0;
undo:
    db_rollback(db);
    return -1;
}

/* Whether there is something to write. */
static bool has_news(const struct group *g, size_t serves)
{
    if (serves != LAUNCH_NONE &&
        (!g->environment || strcmp(g->environment->serving, g->seen[serves].launch->id) != 0))
        return true;
    for (size_t i = 0; i < g->n; i++)
        if (is_changed(g->seen[i].launch, &g->verdicts[i]))
            return true;
    return false;
}

static int settle(struct db *db, struct runner *r, struct group *g,
                  const struct launch_rules *rules, bool *moving, struct arena *a, struct err *e)
{
    const char *serving = g->environment ? g->environment->serving : NULL;
    size_t serves = launch_decide(g->seen, g->n, serving, rules, clock_now_ms(), a, g->verdicts);

    if (has_news(g, serves) && record(db, g, serves, e) < 0)
        return -1;
    for (size_t i = 0; i < g->n; i++) {
        const struct launch_verdict *v = &g->verdicts[i];
        bool refused = false;
        tell(g, i);
        if (v->stop && stop(db, r, &g->seen[i], v->stop_reason, &refused, e) < 0)
            return -1;
        *moving = *moving || (v->state == LAUNCH_DRAINING && !refused) ||
                  (v->state == LAUNCH_STARTING && i > 0 && serves < i);
    }
    return 0;
}

/* Notes what the environment has lost, and when it is to be launched again. */
static int look_for_loss(struct db *db, const struct group *g, unsigned kinds, struct arena *a,
                         struct err *e)
{
    struct asleep_row row;
    struct recovery r;
    int asleep;

    if (!g->environment)
        return 0;
    r = recover_decide(g->seen, g->n, kinds, clock_now_ms(), a);
    if (r.what != RECOVER_NOT) {
        asleep = store_asleep_get(db, g->subdomain, a, &row, e);
        if (asleep < 0)
            return -1;
        if (asleep > 0 && strcmp(g->seen[r.of].launch->id, row.asleep.launch) <= 0)
            r = (struct recovery){.text = ""};
    }
    if (r.at == g->environment->recover_at && !strcmp(r.text, g->environment->trouble))
        return 0;
    if (*r.text && strcmp(r.text, g->environment->trouble) != 0)
        log_warn("%s: %s", g->subdomain, r.text);
    return store_environment_trouble(db, g->subdomain, r.at, r.text, e);
}

int sync_launches(struct db *db, struct runner *r, const struct config *config, bool *moving,
                  struct err *e)
{
    const struct launch_rules rules = {config->launch.drain_ms, config->launch.ready_timeout_ms};
    struct arena a = {0};
    struct group g;
    struct all all;
    int64_t now;
    int rc = read_all(db, &all, &a, e);

    while (rc == 0 && next_group(&all, &g, &a)) {
        rc = settle(db, r, &g, &rules, moving, &a, e);
        if (rc == 0)
            rc = look_for_loss(db, &g, config->launch.recover_kinds, &a, e);
    }
    now = clock_now_ms();
    if (rc == 0)
        rc = store_environment_end_empty(db, now - EMPTY_GRACE_MS, now, e) < 0 ||
                     store_launch_forget(db, now - KEPT_MS, e) < 0
                 ? -1
                 : 0;
    arena_free(&a);
    return rc;
}
