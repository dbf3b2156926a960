#include "purge_plan.h"

#include <stdlib.h>
#include <string.h>

#include "access_counts.h"
#include "clock.h"
#include "store/store_access.h"
#include "store/store_sync.h"
#include "store/store_task.h"

static int by_subdomain(const void *left, const void *right)
{
    const struct task *a = left, *b = right;
    int order = strcmp(a->subdomain, b->subdomain);

    return order ? order : strcmp(a->arn, b->arn);
}

/* The live tasks, by subdomain: the view's, or else as what runs them says. */
static int list_tasks(const struct purge_view *v, struct arena *a, struct task_list *tasks,
                      struct err *e)
{
    size_t kept = 0;

    if (v->db)
        return store_task_list(v->db, TASK_RUNNING, a, tasks, e);
    if (runner_list(v->runner, true, NULL, 0, a, tasks, e) < 0)
        return -1;
    for (size_t i = 0; i < tasks->len; i++)
        if (!tasks->items[i].unknown && task_is_live(&tasks->items[i]))
            tasks->items[kept++] = tasks->items[i];
    tasks->len = kept;
    if (kept)
        qsort(tasks->items, kept, sizeof *tasks->items, by_subdomain);
    return 0;
}

/* One count a subdomain, nothing known yet. */
static struct purge_count *name_counts(const struct task_list *tasks, struct arena *a, size_t *n)
{
    struct purge_count *counts = arena_array(a, tasks->len, sizeof *counts);

    *n = 0;
    for (size_t i = 0; i < tasks->len; i++)
        if (i == 0 || strcmp(tasks->items[i].subdomain, tasks->items[i - 1].subdomain) != 0)
            counts[(*n)++] = (struct purge_count){.subdomain = tasks->items[i].subdomain,
                                                  .unknown = "it was not counted"};
    return counts;
}

/* What this machine has counted since the duration began; not known when its file is younger. */
static int count_local(struct db *db, int64_t since_ms, struct purge_count *counts, size_t n,
                       struct arena *a, struct err *e)
{
    struct sync_status status;

    if (store_sync_get(db, a, &status, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        counts[i].accesses = store_access_sum(db, counts[i].subdomain, since_ms, e);
        if (counts[i].accesses < 0)
            return -1;
        counts[i].unknown = status.made_at > since_ms ? "the database is younger" : NULL;
    }
    return 0;
}

/* The counts of all copies, for those whose count decides: what is asked of CloudWatch is paid for
 * by the subdomain. What this machine alone has counted is enough to keep one. */
static int count_shared(const struct purge_view *v, const struct purge_rules *rules, int64_t now_ms,
                        const struct task_list *tasks, struct purge_count *counts, size_t n,
                        struct arena *a, struct err *e)
{
    struct purge_count *asked = arena_array(a, n, sizeof *asked), *unused;
    size_t *places = arena_array(a, n, sizeof *places), n_asked = 0;
    struct purge_decision *decisions;
    int rc;

    unused = arena_array(a, n, sizeof *unused);
    for (size_t i = 0; i < n; i++)
        unused[i] = (struct purge_count){.subdomain = counts[i].subdomain};
    n = purge_decide(tasks, unused, n, rules, now_ms, a, &decisions);
    for (size_t i = 0; i < n; i++) {
        int64_t since = now_ms - rules->duration_s * 1000;
        if (!decisions[i].stop)
            continue;
        if (v->db && v->used_here_is_enough) {
            counts[i].accesses = store_access_sum(v->db, counts[i].subdomain, since, e);
            if (counts[i].accesses < 0)
                return -1;
            if (counts[i].accesses > 0)
                continue;
        }
        places[n_asked] = i;
        asked[n_asked++] = counts[i];
    }
    rc = n_asked > 0
             ? access_counts(&v->source, v->db, now_ms, rules->duration_s, asked, n_asked, a, e)
             : 0;
    for (size_t i = 0; i < n_asked; i++)
        counts[places[i]] = asked[i];
    return rc;
}

int purge_plan(const struct purge_view *v, const struct purge_rules *rules, struct arena *a,
               struct purge_plan *plan, struct err *e)
{
    int64_t now = clock_now_ms();
    struct purge_rules own = *rules;
    struct purge_count *counts;
    size_t n;

    own.max_age_s = rules->sleep ? 0 : v->max_age_s;
    *plan = (struct purge_plan){.decided_at = now};
    if (list_tasks(v, a, &plan->tasks, e) < 0)
        return -1;
    counts = name_counts(&plan->tasks, a, &n);
    if (!v->source.sums) {
        if (count_local(v->db, now - rules->duration_s * 1000, counts, n, a, e) < 0)
            return -1;
    } else if (count_shared(v, &own, now, &plan->tasks, counts, n, a, e) < 0)
        plan->warning = arena_strdup(a, e->text);
    plan->n = purge_decide(&plan->tasks, counts, n, &own, now, a, &plan->decisions);
    return 0;
}
