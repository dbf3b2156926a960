#include "recover.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "environment.h"
#include "launch.h"
#include "launch_check.h"
#include "log.h"
#include "recover_rule.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

static int by_launch(const void *left, const void *right)
{
    const struct task *a = left, *b = right;

    return strcmp(a->launch, b->launch);
}

/* The launches of the environment, each with its tasks. */
static int look(struct db *db, const char *subdomain, struct arena *a, struct launch_seen **seen,
                size_t *n, struct err *e)
{
    struct launch_list launches;
    struct task_list tasks;

    if (store_launch_list(db, subdomain, a, &launches, e) < 0 ||
        store_task_of(db, subdomain, TASK_ALL, a, &tasks, e) < 0)
        return -1;
    if (tasks.len > 0)
        qsort(tasks.items, tasks.len, sizeof *tasks.items, by_launch);
    *seen = arena_array(a, launches.len, sizeof **seen);
    *n = launches.len;
    for (size_t i = 0; i < launches.len; i++) {
        struct launch_seen *s = &(*seen)[i];
        *s = (struct launch_seen){.launch = &launches.items[i]};
        for (size_t k = 0; k < tasks.len; k++) {
            if (strcmp(tasks.items[k].launch, s->launch->id) != 0)
                continue;
            s->tasks = s->n_tasks ? s->tasks : &tasks.items[k];
            s->n_tasks++;
        }
    }
    return 0;
}

static int recover(struct db *db, struct runner *r, const struct config *config,
                   const char *subdomain, struct arena *a, struct err *e)
{
    struct launch_request request;
    struct launch_seen *seen;
    struct environment env;
    struct asleep_row row;
    struct recovery rec;
    size_t n;
    int rc = store_environment_get(db, subdomain, a, &env, e);

    if (rc <= 0 || env.ended_at)
        return rc < 0 ? -1 : 0;
    rc = store_asleep_get(db, subdomain, a, &row, e);
    if (rc < 0 || look(db, subdomain, a, &seen, &n, e) < 0)
        return -1;
    rec = recover_decide(seen, n, config->launch.recover_kinds, clock_now_ms(), a);
    if (rec.what != RECOVER_NOW ||
        (rc > 0 && strcmp(seen[rec.of].launch->id, row.asleep.launch) <= 0)) /* it sleeps */
        return 0;
    request = launch_of_tasks(config, seen[rec.of].tasks, seen[rec.of].n_tasks, a);
    request.by = "mirage-ecs: what was lost is launched again";
    request.launch = rec.id;
    request.stop_first = launch_stops_first(config, request.n_taskdefs);
    log_warn("%s: %s: launching it again", subdomain, rec.text);
    return environment_launch(db, r, &request, e) < 0 ? -1 : 1;
}

int recover_environment(struct db *db, struct runner *r, const struct config *config,
                        const char *subdomain, struct err *e)
{
    struct arena a = {0};
    int rc = recover(db, r, config, subdomain, &a, e);

    arena_free(&a);
    return rc;
}
