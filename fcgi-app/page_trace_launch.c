/* `/trace/LAUNCH`: what became of a launch, and of each of its tasks. Of the runner nothing is asked. */
#include "page.h"

#include <string.h>

#include "json.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

#include "router.h"
#include "view.h"
#include "view_task.h"
#include "view_time.h"

static void add_event(json_t *list, int64_t at, const char *what, const char *detail)
{
    if (at)
        json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "time", view_time(at), "what", what,
                                              "detail", view_text(detail)));
}

/* In the order in which they come in a launch's life. */
static json_t *events_view(const struct launch *l)
{
    json_t *list = json_array();

    add_event(list, l->at, "asked for", l->by);
    add_event(list, l->ready_at, "ready", "");
    add_event(list, l->stale_at, "replaced", "");
    json_object_set_new(json_array_get(list, json_array_size(list) - 1), "last", json_true());
    return list;
}

/* {"name","value"} of each parameter that was asked for. */
static json_t *parameters_view(const struct launch *l)
{
    json_t *request = *l->request ? json_loads(l->request, 0, NULL) : NULL, *list = json_array();
    const char *name;
    json_t *value;

    json_object_foreach (json_object_get(request, "parameters"), name, value)
        json_array_append_new(list, json_pack("{s:o,s:o}", "name", view_text(name), "value",
                                              view_text(json_string_value(value))));
    json_decref(request);
    return list;
}

int page_trace_launch(struct call *c, struct err *e)
{
    struct environment env = {.serving = ""};
    struct task_list tasks;
    struct launch launch;
    json_t *view, *list;
    int found = store_launch_get(c->with->db, c->rest, c->arena, &launch, e);

    if (found == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no launch %s.", c->rest);
    if (found < 0 ||
        store_environment_get(c->with->db, launch.subdomain, c->arena, &env, e) < 0 ||
        store_task_of(c->with->db, launch.subdomain, TASK_ALL, c->arena, &tasks, e) < 0)
        return -1;
    list = json_array();
    for (size_t i = 0; i < tasks.len; i++)
        if (!strcmp(tasks.items[i].launch, launch.id))
            json_array_append_new(list, view_task_page(c, &tasks.items[i]));
    view = json_pack("{s:o,s:o,s:s,s:o,s:b,s:b,s:o,s:o,s:b,s:o}", "subdomain",
                     view_text(launch.subdomain), "id", view_text(launch.id), "state",
                     launch_state_word(launch.state), "reason", view_text(launch.reason), "serves",
                     !env.ended_at && !strcmp(env.serving, launch.id), "ended",
                     launch.state == LAUNCH_FAILED || launch.state == LAUNCH_STOPPED, "events",
                     events_view(&launch), "parameters", parameters_view(&launch), "has_tasks",
                     json_array_size(list) > 0, "tasks", list);
    json_object_set_new(view, "logs_url", view_url(c->arena, "/logs/", launch.subdomain));
    json_object_set_new(view, "again_url", view_url(c->arena, "/launcher?again=", launch.subdomain));
    return page_send(c, 200, "launch", arena_printf(c->arena, "Launch of %s", launch.subdomain),
                     view, e);
}
