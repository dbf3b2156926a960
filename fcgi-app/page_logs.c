/* `/logs/:subdomain`: what the tasks of a subdomain wrote. */
#include "page.h"

#include "encode.h"
#include "router.h"
#include "task_logs.h"
#include "view.h"

enum { DEFAULT_TAIL = 500 };

static json_t *lines_view(const struct log_lines *lines)
{
    json_t *list = json_array();

    for (size_t i = 0; i < lines->len; i++)
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:o}", "time", view_time(lines->items[i].time_ms),
                                        "container", view_text(lines->items[i].container), "text",
                                        view_text(lines->items[i].text)));
    return list;
}

int page_logs(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const char *subdomain = c->rest;
    const char *since;
    const char *tail;
    struct log_lines lines;
    json_t *view;

    if (params_text(params, "since", &since, e) < 0 || params_text(params, "tail", &tail, e) < 0 ||
        task_logs(c, subdomain, since, tail, DEFAULT_TAIL, &lines, e) < 0)
        return -1;
    if (tail == NULL || *tail == '\0')
        tail = arena_printf(c->arena, "%d", DEFAULT_TAIL);
    view = json_object();
    json_object_set_new(view, "subdomain", view_text(subdomain));
    json_object_set_new(
        view, "logs_url",
        view_text(arena_printf(c->arena, "/logs/%s", escape_url(c->arena, subdomain))));
    json_object_set_new(view, "since", view_text(since));
    json_object_set_new(view, "tail", view_text(tail));
    json_object_set_new(view, "lines", lines_view(&lines));
    json_object_set_new(view, "has_lines", json_boolean(lines.len > 0));
    return page_send(c, 200, "logs", arena_printf(c->arena, "Logs of %s", subdomain), view, e);
}
