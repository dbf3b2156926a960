/* `/trace/:id`: the life of one task. */
#include "page.h"

#include <stdint.h>

#include "store_task.h"

#include "router.h"
#include "view.h"

static void add_event(json_t *list, int64_t time_ms, const char *what, const char *detail)
{
    json_array_append_new(list, json_pack("{s:o,s:o,s:o}", "time", view_time(time_ms), "what",
                                          view_text(what), "detail", view_text(detail)));
}

/* What the view still knows of a task that its runner has forgotten. */
static json_t *remembered_events(const struct task *t)
{
    json_t *list = json_array();

    add_event(list, t->created_at, "created", "");
    if (t->started_at != 0)
        add_event(list, t->started_at, "started", "");
    if (t->stopped_at != 0)
        add_event(list, t->stopped_at, "stopped", t->stopped_reason);
    return list;
}

static json_t *events_view(const struct trace *trace)
{
    json_t *list = json_array();

    for (size_t i = 0; i < trace->n_events; i++)
        add_event(list, trace->events[i].time_ms, trace->events[i].what, trace->events[i].detail);
    return list;
}

static json_t *containers_view(const struct trace *trace)
{
    json_t *list = json_array();

    for (size_t i = 0; i < trace->n_containers; i++)
        json_array_append_new(list, json_pack("{s:o,s:o,s:o}", "name",
                                              view_text(trace->containers[i].name), "exit_code",
                                              view_text(trace->containers[i].exit_code), "reason",
                                              view_text(trace->containers[i].reason)));
    return list;
}

int page_trace(struct call *c, struct err *e)
{
    struct task task;
    struct trace trace = {0};
    json_t *view;
    int found = store_task_get(c->with->db, c->rest, c->arena, &task, e);
    bool forgotten = false;

    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no task %s.", c->rest);
    if (runner_trace(c->with->runner, task.arn, c->arena, &trace, e) < 0) {
        if (e->kind != ERR_NOT_FOUND)
            return -1;
        forgotten = true;
    }
    view = view_task_page(c, &task);
    json_object_set_new(view, "events", forgotten ? remembered_events(&task) : events_view(&trace));
    json_object_set_new(view, "containers", containers_view(&trace));
    json_object_set_new(view, "has_containers", json_boolean(trace.n_containers > 0));
    json_object_set_new(view, "forgotten", json_boolean(forgotten));
    return page_send(c, 200, "trace", arena_printf(c->arena, "Trace of %s", task.subdomain), view,
                     e);
}
