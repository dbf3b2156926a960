/* The steps are the states of an environment on its way up. The launch has failed when one of its
 * tasks stopped without having been told to, whatever the other tasks do. */
#include "launch_watch.h"

#include <stdbool.h>
#include <string.h>

#include "store/store_environment.h"
#include "store/store_task.h"

#include "environment_url.h"
#include "obstacle.h"
#include "router.h"
#include "view.h"
#include "view_environment.h"
#include "view_state.h"

/* Splits the tasks of this launch into live and failed ones. The live ones come first in `tasks`
 * afterwards. Returns how many; *failed is one that failed, or NULL. */
static size_t sort_out(const struct config *config, struct task_list *tasks, int64_t launched_at,
                       const struct task **failed)
{
    size_t live = 0;

    *failed = NULL;
    for (size_t i = 0; i < tasks->len; i++) {
        struct task *t = &tasks->items[i];

        if (task_is_live(t)) {
            struct task moved = *t;

            *t = tasks->items[live];
            tasks->items[live++] = moved;
        }
    }
    for (size_t i = live; i < tasks->len; i++)
        if (tasks->items[i].created_at >= launched_at &&
            view_state(config, &tasks->items[i]) == VIEW_FAILED)
            *failed = &tasks->items[i];
    return live;
}

static json_t *steps_view(enum view_state state)
{
    json_t *steps = json_array();

    for (int step = VIEW_PROVISIONING; step <= VIEW_READY; step++) {
        bool done = step < (int)state || state == VIEW_READY;

        json_array_append_new(steps, json_pack("{s:s,s:b,s:b}", "name",
                                               view_state_word((enum view_state)step), "done", done,
                                               "current", !done && step == (int)state));
    }
    return steps;
}

int launch_watch(struct call *c, const char *subdomain, json_t **view, struct err *e)
{
    struct environment env;
    struct task_list tasks;
    const struct task *failed;
    const struct task *stuck;
    enum view_state state;
    size_t live;
    int rc = store_environment_get(c->with->db, subdomain, c->arena, &env, e);

    *view = NULL;
    if (rc < 0 ||
        (rc > 0 && store_task_of(c->with->db, subdomain, TASK_ALL, c->arena, &tasks, e) < 0))
        return -1;
    *view = json_null();
    if (rc == 0)
        return 0;
    live = sort_out(c->with->config, &tasks, env.launched_at, &failed);
    if (env.ended_at != 0 && !failed)
        return 0; /* it was terminated: nothing is awaited any more */
    state = failed ? VIEW_FAILED : view_environment_state(c->with->config, tasks.items, live);
    stuck = obstacle_find(c->with->config, c->arena, tasks.items, live);
    if (state == VIEW_RUNNING || (stuck && state == VIEW_READY))
        state = VIEW_STARTING; /* it runs, and is of no use yet */
    *view = json_pack("{s:o,s:s,s:b,s:b,s:o,s:o,s:o}", "subdomain", view_text(subdomain), "state",
                      view_state_word(state), "ready", state == VIEW_READY, "failed", !!failed,
                      "url", environment_url(c, subdomain), "logs_url",
                      view_url(c->arena, "/logs/", subdomain), "again_url",
                      view_url(c->arena, "/launcher?again=", subdomain));
    if (failed) {
        json_object_set_new(*view, "reason", view_text(failed->stopped_reason));
        json_object_set_new(*view, "taskdef", view_text(failed->taskdef));
        json_object_set_new(*view, "trace_url", view_url(c->arena, "/trace/", failed->short_id));
        return 0;
    }
    json_object_set_new(*view, "steps", steps_view(state));
    if (stuck) {
        json_object_set_new(*view, "obstacle",
                            view_text(obstacle_of(c->with->config, c->arena, stuck)));
        json_object_set_new(*view, "taskdef", view_text(stuck->taskdef));
        json_object_set_new(*view, "trace_url", view_url(c->arena, "/trace/", stuck->short_id));
    }
    return 0;
}
