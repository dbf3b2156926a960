#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_sync.h"
#include "store/store_task.h"

#define FRESH_MS           60000 /* a task younger than this may be missing from what is listed */
#define SUCCESS_RENEWED_MS 5000  /* how old the time of the last success may get */

static int by_arn(const void *left, const void *right)
{
    const struct task *a = left, *b = right;

    return strcmp(a->arn, b->arn);
}

static void sort_by_arn(struct task_list *tasks)
{
    if (tasks->len)
        qsort(tasks->items, tasks->len, sizeof *tasks->items, by_arn);
}

/* The task of the same ARN in a list that sort_by_arn() has sorted; NULL when there is none. */
static const struct task *find_same(const struct task_list *sorted, const struct task *t)
{
    return sorted->len ? bsearch(t, sorted->items, sorted->len, sizeof *sorted->items, by_arn)
                       : NULL;
}

/* Removes what was in the view before the listing began and is not listed, which is sorted: what
 * came since stays, and so does what was launched only just now. */
static int remove_gone(struct db *db, const struct task_list *before,
                       const struct task_list *listed, struct err *e)
{
    int64_t fresh = clock_now_ms() - FRESH_MS;

    for (size_t i = 0; i < before->len; i++) {
        const struct task *t = &before->items[i];
        if (t->created_at < fresh && !find_same(listed, t) && store_task_remove(db, t->arn, e) < 0)
            return -1;
    }
    return 0;
}

/* `begun` is how things stood when the look began. */
static int apply(struct db *db, const struct sync_status *begun, const struct task_list *before,
                 const struct task_list *listed, struct err *e)
{
    int64_t now = clock_now_ms();

    for (size_t i = 0; i < listed->len; i++)
        if (!listed->items[i].unknown && store_task_put(db, &listed->items[i], e) < 0)
            return -1;
    if (remove_gone(db, before, listed, e) < 0 ||
        store_task_stop_over(db, STOP_REQUESTED, e) < 0 || /* by the next look */
        store_environment_follow_tasks(db, e) < 0 || store_launch_follow_tasks(db, e) < 0)
        return -1;
    if (begun->wanted == begun->looked && begun->failed_at < begun->succeeded_at &&
        now - begun->succeeded_at < SUCCESS_RENEWED_MS && now >= begun->succeeded_at)
        return 0;
    return store_sync_succeeded(db, now, begun->wanted, e);
}

/* Whether its environment has tasks of another launch, too: one replaces the other, and what is
 * decided about them needs to be true now. */
static bool is_being_replaced(const struct task_list *tasks, size_t i)
{
    const struct task *t = &tasks->items[i];
    size_t first = i, last = i;

    while (first > 0 && !strcmp(tasks->items[first - 1].subdomain, t->subdomain))
        first--;
    while (last + 1 < tasks->len && !strcmp(tasks->items[last + 1].subdomain, t->subdomain))
        last++;
    for (i = first; i <= last; i++)
        if (task_is_live(&tasks->items[i]) && strcmp(tasks->items[i].launch, t->launch) != 0)
            return true;
    return false;
}

static bool is_settled(const struct task_list *tasks, size_t i)
{
    const struct task *t = &tasks->items[i];

    if (!strcmp(t->last_status, "STOPPED"))
        return true;
    return !strcmp(t->last_status, "RUNNING") && task_is_live(t) &&
           t->health != TASK_HEALTH_UNKNOWN && !is_being_replaced(tasks, i);
}

/* Stops again what the view says was told to stop, and what runs it has not heard of: a StopTask
 * right after a launch may find no task yet. */
static void stop_again(struct runner *r, const struct task_list *before,
                       const struct task_list *listed, struct arena *a)
{
    struct task_list stopping = {.items = arena_array(a, before->len, sizeof *stopping.items)};
    struct err e;

    for (size_t i = 0; i < before->len; i++)
        if (!strcmp(before->items[i].desired_status, "STOPPED"))
            stopping.items[stopping.len++] = before->items[i];
    sort_by_arn(&stopping);
    for (size_t i = 0; i < listed->len; i++) {
        const struct task *t = &listed->items[i], *told = find_same(&stopping, t);
        if (told && !t->unknown && task_is_live(t) &&
            runner_stop(r, t->arn, told->stopped_reason, &e) < 0)
            log_warn("cannot stop task %s: %s", t->arn, e.text);
    }
}

int sync_view(struct db *db, struct runner *r, struct err *e)
{
    struct arena a = {0};
    struct task_list before, listed;
    struct runner_known *known;
    struct sync_status begun;
    int rc = store_sync_get(db, &a, &begun, e);

    if (rc == 0)
        rc = store_task_list(db, TASK_ALL, &a, &before, e);
    if (rc < 0)
        goto out;
    known = arena_array(&a, before.len, sizeof *known);
    for (size_t i = 0; i < before.len; i++)
        known[i] = (struct runner_known){before.items[i].arn, is_settled(&before, i)};
    rc = runner_list(r, begun.wanted > begun.looked, known, before.len, &a, &listed, e);
    if (rc < 0)
        goto out;
    stop_again(r, &before, &listed, &a);
    sort_by_arn(&listed);
    rc = db_begin(db, e);
    if (rc == 0)
        rc = apply(db, &begun, &before, &listed, e);
    if (rc == 0)
        rc = db_commit(db, e);
    db_rollback(db);
out:
    arena_free(&a);
    return rc;
}
