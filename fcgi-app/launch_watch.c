/* The steps are the states of an environment on its way up. The launch has failed when one of its
 * tasks stopped without having been told to, whatever the other tasks do. */
#include "launch_watch.h"

#include <stdbool.h>
#include <string.h>

#include "store/store_launch.h"
#include "store/store_task.h"

#include "environment_url.h"
#include "obstacle.h"
#include "router.h"
#include "view.h"
#include "view_environment.h"
#include "view_state.h"

/* Splits the tasks of this launch into live and failed ones. The live ones come first in `tasks`
 * afterwards. Returns how many; *failed is one that failed, or NULL. */
static size_t sort_out(const struct config *config, struct task_list *tasks, const char *launch,
                       const struct task **failed)
{
    size_t live = 0;

    *failed = NULL;
    for (size_t i = 0; i < tasks->len; i++) {
        struct task *t = &tasks->items[i];

        if (task_is_live(t) && !strcmp(t->launch, launch)) {
            struct task moved = *t;

            *t = tasks->items[live];
            tasks->items[live++] = moved;
        }
    }
    for (size_t i = live; i < tasks->len; i++)
        if (!strcmp(tasks->items[i].launch, launch) &&
            view_state(config, &tasks->items[i]) == VIEW_FAILED)
            *failed = &tasks->items[i];
    return live;
}

static json_t *steps_view(enum view_state state)
{
    json_t *steps = json_array();

    for (int step = VIEW_PROVISIONING; step <= VIEW_READY; step++) {
        if (step == VIEW_UNHEALTHY)
            continue;
        bool done = step < (int)state || state == VIEW_READY;
        json_array_append_new(steps, json_pack("{s:s,s:b,s:b}", "name",
                                               view_state_word((enum view_state)step), "done", done,
                                               "current", !done && step == (int)state));
    }
    return steps;
}

/* The newest launch of the subdomain; NULL when there is none. */
static const struct launch *newest(struct call *c, const char *subdomain, struct err *e, int *rc)
{
    struct launch_list launches;

    *rc = store_launch_list(c->with->db, subdomain, c->arena, &launches, e);
    return *rc == 0 && launches.len > 0 ? &launches.items[launches.len - 1] : NULL;
}

static void add_failure(struct call *c, json_t *view, const struct launch *launch,
                        const struct task *failed)
{
    json_object_set_new(view, "reason",
                        view_text(failed ? failed->stopped_reason : launch->reason));
    if (!failed)
        return;
    json_object_set_new(view, "taskdef", view_text(failed->taskdef));
    json_object_set_new(view, "trace_url", view_url(c->arena, "/trace/", failed->short_id));
}

static void add_obstacle(struct call *c, json_t *view, const struct task *stuck)
{
    json_object_set_new(view, "obstacle", view_text(obstacle_of(c->with->config, c->arena, stuck)));
    json_object_set_new(view, "taskdef", view_text(stuck->taskdef));
    json_object_set_new(view, "trace_url", view_url(c->arena, "/trace/", stuck->short_id));
}

int launch_watch(struct call *c, const char *subdomain, json_t **view, struct err *e)
{
    const struct launch *launch;
    const struct task *failed, *stuck;
    struct task_list tasks;
    enum view_state state;
    size_t live;
    bool over;
    int rc;

    *view = NULL;
    launch = newest(c, subdomain, e, &rc);
    if (rc < 0 || store_task_of(c->with->db, subdomain, TASK_ALL, c->arena, &tasks, e) < 0)
        return -1;
    *view = json_null();
    if (!launch)
        return 0;
    live = sort_out(c->with->config, &tasks, launch->id, &failed);
    over = failed || launch->state == LAUNCH_FAILED;
    if (!over && launch->state == LAUNCH_STOPPED)
        return 0; /* it was terminated: nothing is awaited any more */
    state = over ? VIEW_FAILED : view_environment_state(c->with->config, NULL, tasks.items, live);
    stuck = obstacle_find(c->with->config, c->arena, tasks.items, live);
    if (state == VIEW_RUNNING || (stuck && state == VIEW_READY))
        state = VIEW_STARTING; /* it runs, and is of no use yet */
    *view = json_pack("{s:o,s:s,s:b,s:b,s:o,s:o,s:o}", "subdomain", view_text(subdomain), "state",
                      view_state_word(state), "ready", state == VIEW_READY, "failed", over, "url",
                      environment_url(c, subdomain), "logs_url",
                      view_url(c->arena, "/logs/", subdomain), "again_url",
                      view_again_url(c->arena, subdomain, launch->id));
    if (over) {
        add_failure(c, *view, launch, failed);
        return 0;
    }
    json_object_set_new(*view, "steps", steps_view(state));
    if (stuck)
        add_obstacle(c, *view, stuck);
    return 0;
}
