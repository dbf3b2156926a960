/* `/trace/LAUNCH`: what became of a launch, and of each of its tasks. Of the runner nothing is
 * asked. */
#include "page.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

#include "router.h"
#include "view.h"
#include "view_environment.h"
#include "view_task.h"
#include "view_time.h"

struct event {
    int64_t at; /* ms; 0: it has not come to that */
    const char *what, *detail;
};

#define EVENTS 5 /* at most, in the order in which they come in a launch's life */

/* The launch and its tasks. */
struct life {
    struct launch launch;
    struct task_list tasks;
    struct event events[EVENTS];
    bool serves;
};

/* When its tasks had started, or all had stopped; 0: not all have. */
static int64_t latest(const struct task_list *tasks, bool stopped)
{
    int64_t at = 0;

    for (size_t i = 0; i < tasks->len; i++) {
        int64_t one = stopped ? tasks->items[i].stopped_at : tasks->items[i].started_at;
        if (!one)
            return 0;
        at = one > at ? one : at;
    }
    return at;
}

static void remember(struct life *l)
{
    const bool failed = l->launch.state == LAUNCH_FAILED;
    const int64_t over = latest(&l->tasks, true);
    size_t n = 0;

    l->events[n++] = (struct event){l->launch.at, "asked for", l->launch.by};
    l->events[n++] = (struct event){latest(&l->tasks, false), "started", ""};
    l->events[n++] = (struct event){l->launch.ready_at, "ready", ""};
    l->events[n++] = (struct event){l->launch.stale_at, "replaced", ""};
    if (failed || l->launch.state == LAUNCH_STOPPED)
        l->events[n++] = (struct event){l->tasks.len > 0 ? over : l->launch.at,
                                        failed ? "failed" : "stopped", l->launch.reason};
}

/* 1 and *life; 0 when there is no such launch; or -1. */
static int read_life(struct call *c, struct life *l, struct err *e)
{
    struct environment env = {.serving = ""};
    struct task_list all;
    size_t cap = 0;
    int found = store_launch_get(c->with->db, c->rest, c->arena, &l->launch, e);

    if (found <= 0)
        return found;
    if (store_environment_get(c->with->db, l->launch.subdomain, c->arena, &env, e) < 0 ||
        store_task_of(c->with->db, l->launch.subdomain, TASK_ALL, c->arena, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all.len; i++) {
        if (strcmp(all.items[i].launch, l->launch.id) != 0)
            continue;
        l->tasks.items =
            arena_grow(c->arena, l->tasks.items, l->tasks.len, &cap, sizeof *l->tasks.items);
        l->tasks.items[l->tasks.len++] = all.items[i];
        l->serves = l->serves || (task_is_live(&all.items[i]) && all.items[i].serves);
    }
    remember(l);
    return 1;
}

static json_t *events_view(const struct life *l)
{
    json_t *list = json_array();

    for (size_t i = 0; i < EVENTS; i++)
        if (l->events[i].at)
            json_array_append_new(
                list, json_pack("{s:o,s:s,s:o}", "time", view_time(l->events[i].at), "what",
                                l->events[i].what, "detail", view_text(l->events[i].detail)));
    json_object_set_new(json_array_get(list, json_array_size(list) - 1), "last", json_true());
    return list;
}

static void send_text(struct call *c, const struct life *l)
{
    struct buf *out = &c->response->body;
    char time[CLOCK_TEXT_SIZE];

    respond_plain(c->response, 200);
    buf_printf(out, "launch %s of %s: %s%s\n\n", l->launch.id, l->launch.subdomain,
               launch_state_word(l->launch.state), l->serves ? ", and serves" : "");
    for (size_t i = 0; i < EVENTS; i++)
        if (l->events[i].at)
            buf_printf(out, "%s  %s%s%s\n", clock_rfc3339(l->events[i].at, time), l->events[i].what,
                       *l->events[i].detail ? ": " : "", l->events[i].detail);
    for (size_t i = 0; i < l->tasks.len; i++)
        buf_printf(out, "%s%s  %s  %s\n", i ? "" : "\n", l->tasks.items[i].short_id,
                   l->tasks.items[i].taskdef, l->tasks.items[i].last_status);
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
    struct life l = {0};
    json_t *view, *list;
    int found = read_life(c, &l, e);

    if (found == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no launch %s.", c->rest);
    if (found < 0)
        return -1;
    if (request_wants_text(c->request)) {
        send_text(c, &l);
        return 0;
    }
    list = json_array();
    for (size_t i = 0; i < l.tasks.len; i++)
        json_array_append_new(list, view_task_page(c, &l.tasks.items[i]));
    view = json_pack("{s:o,s:o,s:s,s:o,s:b,s:b,s:o,s:o,s:b,s:o}", "subdomain",
                     view_text(l.launch.subdomain), "id", view_text(l.launch.id), "state",
                     launch_state_word(l.launch.state), "reason", view_text(l.launch.reason),
                     "serves", l.serves, "ended",
                     l.launch.state == LAUNCH_FAILED || l.launch.state == LAUNCH_STOPPED, "events",
                     events_view(&l), "parameters", parameters_view(&l.launch), "has_tasks",
                     l.tasks.len > 0, "tasks", list);
    json_object_set_new(view, "taskdef",
                        view_text(view_taskdefs(&l.launch, l.tasks.items, l.tasks.len, c->arena)));
    json_object_set_new(view, "logs_url", view_url(c->arena, "/logs/", l.launch.subdomain));
    json_object_set_new(view, "again_url",
                        view_again_url(c->arena, l.launch.subdomain, l.launch.id));
    return page_send(c, 200, "launch", arena_printf(c->arena, "Launch of %s", l.launch.subdomain),
                     view, e);
}
