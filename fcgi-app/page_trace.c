/* `/trace/:id`: the life of one task, with the duration of each part. */
#include "page.h"

#include <stdint.h>
#include <string.h>

#include "clock.h"
#include "store/store_task.h"
#include "ulid.h"

#include "obstacle.h"
#include "router.h"
#include "trace_text.h"
#include "view.h"
#include "view_task.h"
#include "view_time.h"

/* What the view still knows of a task that its runner has forgotten. */
static void remember(struct call *c, const struct task *t, struct trace *trace)
{
    struct trace_event *events = arena_array(c->arena, 3, sizeof(*events));
    size_t n = 0;

    events[n++] = (struct trace_event){t->created_at, "created", ""};
    if (t->started_at != 0)
        events[n++] = (struct trace_event){t->started_at, "started", ""};
    if (t->stopped_at != 0)
        events[n++] = (struct trace_event){t->stopped_at, "stopped", t->stopped_reason};
    *trace = (struct trace){.events = events, .n_events = n};
}

/* An event lasts until the next one; the last one of a task that lives until now. */
static json_t *events_view(struct call *c, const struct trace *trace, const struct task *t)
{
    const bool ended = !strcmp(t->last_status, "STOPPED");
    const int64_t now = clock_now_ms();
    json_t *list = json_array();

    for (size_t i = 0; i < trace->n_events; i++) {
        const struct trace_event *event = &trace->events[i];
        const bool last = i + 1 == trace->n_events;
        const int64_t until = last ? now : trace->events[i + 1].time_ms;
        json_t *view = json_object();

        json_object_set_new(view, "time", view_time(event->time_ms));
        json_object_set_new(view, "what", view_text(event->what));
        json_object_set_new(view, "detail", view_text(event->detail));
        json_object_set_new(
            view, "since_start",
            view_text(view_duration(c->arena, event->time_ms - trace->events[0].time_ms)));
        json_object_set_new(view, "first", json_boolean(i == 0));
        json_object_set_new(view, "last", json_boolean(last));
        json_object_set_new(view, "lasted",
                            last && ended
                                ? json_null()
                                : view_text(view_duration(c->arena, until - event->time_ms)));
        json_array_append_new(list, view);
    }
    return list;
}

static json_t *containers_view(const struct trace *trace)
{
    json_t *list = json_array();

    for (size_t i = 0; i < trace->n_containers; i++) {
        const struct trace_container *container = &trace->containers[i];
        const char *code = container->exit_code;

        json_array_append_new(
            list, json_pack("{s:o,s:o,s:b,s:o}", "name", view_text(container->name), "exit_code",
                            view_text(code), "failed", *code && strcmp(code, "0") != 0, "reason",
                            view_text(container->reason)));
    }
    return list;
}

/* How long it took to start, and how long it ran; null for what has not come yet. */
static void set_spans(struct call *c, json_t *view, const struct task *t)
{
    const int64_t end = t->stopped_at != 0 ? t->stopped_at : clock_now_ms();

    if (t->started_at == 0)
        return;
    json_object_set_new(view, "took_to_start",
                        view_text(view_duration(c->arena, t->started_at - t->created_at)));
    json_object_set_new(view, "ran_for", view_text(view_duration(c->arena, end - t->started_at)));
}

int page_trace(struct call *c, struct err *e)
{
    struct task task;
    struct trace trace = {0};
    json_t *view;
    bool forgotten = false;
    int found;

    if (ulid_is_valid(c->rest))
        return page_trace_launch(c, e);
    found = store_task_get(c->with->db, c->rest, c->arena, &task, e);
    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no task %s.", c->rest);
    if (runner_trace(c->with->runner, task.arn, c->arena, &trace, e) < 0) {
        if (e->kind != ERR_NOT_FOUND)
            return -1;
        forgotten = true;
        remember(c, &task, &trace);
    }
    if (request_wants_text(c->request)) {
        respond_plain(c->response, 200);
        trace_text(c, &trace, &task, &c->response->body);
        return 0;
    }
    view = view_task_page(c, &task);
    set_spans(c, view, &task);
    json_object_set_new(view, "obstacle", view_text(obstacle_of(c->with->config, c->arena, &task)));
    json_object_set_new(view, "events", events_view(c, &trace, &task));
    json_object_set_new(view, "containers", containers_view(&trace));
    json_object_set_new(view, "has_containers", json_boolean(trace.n_containers > 0));
    json_object_set_new(view, "forgotten", json_boolean(forgotten));
    json_object_set_new(view, "ended", json_boolean(!strcmp(task.last_status, "STOPPED")));
    return page_send(c, 200, "trace", arena_printf(c->arena, "Trace of %s", task.subdomain), view,
                     e);
}
