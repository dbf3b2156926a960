#include "waiting_read.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "pattern.h"
#include "store/store_launch.h"
#include "store/store_start_time.h"
#include "store/store_task.h"

static int find_environment(struct db *db, const char *subdomain, struct arena *a,
                            struct environment *found, struct err *e)
{
    int rc = store_environment_get(db, subdomain, a, found, e);
    struct environment *all;
    size_t n;
    bool any = false;

    if (rc < 0 || (rc > 0 && found->ended_at == 0))
        return rc;
    if (store_environment_list(db, a, &all, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!pattern_has_meta(all[i].subdomain) ||
            pattern_match(all[i].subdomain, subdomain) != PATTERN_MATCH ||
            (any && all[i].launched_at >= found->launched_at))
            continue;
        *found = all[i];
        any = true;
    }
    return any || rc > 0;
}

/* What has ended is waited for only as long as its failure is news. */
static bool is_of_interest(const struct waiting_facts *f)
{
    return f->environment.ended_at == 0 ||
           (f->newest && f->newest->state == LAUNCH_FAILED && !f->newest->dismissed &&
            strcmp(f->newest->id, f->environment.over) > 0);
}

/* The newest launch that may be awake, with its tasks. */
static int read_newest(struct db *db, struct arena *a, struct waiting_facts *f, struct err *e)
{
    const char *subdomain = f->environment.subdomain;
    struct launch_list launches;
    struct task_list tasks;
    size_t n = 0;

    if (store_launch_list(db, subdomain, a, &launches, e) < 0 ||
        store_task_of(db, subdomain, TASK_ALL, a, &tasks, e) < 0)
        return -1;
    /* The id of a wake may be older than that of a launch that has failed before it. */
    for (size_t i = 0; i < launches.len; i++) {
        const struct launch *l = &launches.items[i];
        if (f->sleeps ? strcmp(l->id, f->asleep.asleep.launch) > 0 &&
                            (!f->newest || l->at >= f->newest->at)
                      : true)
            f->newest = l;
    }
    for (size_t i = 0; f->newest && i < tasks.len; i++)
        if (!strcmp(tasks.items[i].launch, f->newest->id))
            tasks.items[n++] = tasks.items[i];
    f->tasks = tasks.items;
    f->n_tasks = n;
    return 0;
}

/* The whole is ready when the slowest is. */
static int read_usual(struct db *db, struct arena *a, struct waiting_facts *f, struct err *e)
{
    int64_t took[START_TIMES_MAX];
    struct start_usual usual;
    size_t n;

    for (size_t i = 0; i < f->n_tasks; i++) {
        if (store_start_time_list(db, f->tasks[i].taskdef, a, took, &n, e) < 0)
            return -1;
        if (!start_time_usual(took, n, &usual) ||
            (f->knows_usual && usual.median_ms <= f->usual.median_ms))
            continue;
        f->usual = usual;
        f->knows_usual = true;
    }
    return 0;
}

int waiting_read(struct db *db, const char *subdomain, struct arena *a, struct waiting_facts *facts,
                 struct err *e)
{
    int rc;

    *facts = (struct waiting_facts){.now = clock_now_ms(), .subdomain = subdomain};
    if (db_begin_read(db, e) < 0)
        return -1;
    rc = find_environment(db, subdomain, a, &facts->environment, e);
    if (rc > 0) {
        int sleeps = store_asleep_get(db, facts->environment.subdomain, a, &facts->asleep, e);

        facts->sleeps = sleeps > 0;
        if (sleeps < 0 || read_newest(db, a, facts, e) < 0 || read_usual(db, a, facts, e) < 0)
            rc = -1;
        else
            rc = is_of_interest(facts);
    }
    db_rollback(db);
    return rc;
}
