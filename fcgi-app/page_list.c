/* `/`, `/list` and `/terminate`: what runs, what stopped lately, and stopping it. */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "environment.h"
#include "store_sync.h"
#include "store_task.h"

#include "router.h"
#include "view.h"

#define STOPPED_SHOWN_MS ((int64_t)3600 * 1000)

/* Whether a neighbour in a list sorted by subdomain has the same one. */
static bool has_sibling(const struct task_list *tasks, size_t i)
{
    const char *subdomain = tasks->items[i].subdomain;

    return (i > 0 && strcmp(tasks->items[i - 1].subdomain, subdomain) == 0) ||
           (i + 1 < tasks->len && strcmp(tasks->items[i + 1].subdomain, subdomain) == 0);
}

static json_t *running_view(struct call *c, const struct task_list *tasks)
{
    json_t *list = json_array();

    for (size_t i = 0; i < tasks->len; i++) {
        json_t *task = view_task_page(c, &tasks->items[i]);

        json_object_set_new(task, "several", json_boolean(has_sibling(tasks, i)));
        json_array_append_new(list, task);
    }
    return list;
}

/* The latest first; what is still stopping before all others. */
static int by_stop(const void *a, const void *b)
{
    const struct task *left = a;
    const struct task *right = b;
    int64_t l = left->stopped_at != 0 ? left->stopped_at : INT64_MAX;
    int64_t r = right->stopped_at != 0 ? right->stopped_at : INT64_MAX;

    return (l < r) - (l > r);
}

static json_t *stopped_view(struct call *c, struct task_list *tasks)
{
    const int64_t since = clock_now_ms() - STOPPED_SHOWN_MS;
    json_t *list = json_array();

    if (tasks->len > 1)
        qsort(tasks->items, tasks->len, sizeof(*tasks->items), by_stop);
    for (size_t i = 0; i < tasks->len; i++)
        if (tasks->items[i].stopped_at == 0 || tasks->items[i].stopped_at >= since)
            json_array_append_new(list, view_task_page(c, &tasks->items[i]));
    return list;
}

/* Null while the last look at the tasks was a good one. */
static json_t *sync_view(const struct sync_status *sync)
{
    if (sync->failed_at <= sync->succeeded_at)
        return json_null();
    return json_pack("{s:o,s:o,s:o}", "error", view_text(sync->error), "failed",
                     view_time(sync->failed_at), "succeeded", view_time(sync->succeeded_at));
}

static json_t *list_view(struct call *c, struct err *e)
{
    struct task_list running;
    struct task_list stopped;
    struct sync_status sync;
    json_t *view;

    if (store_task_list(c->with->db, TASK_RUNNING, c->arena, &running, e) < 0 ||
        store_task_list(c->with->db, TASK_STOPPED, c->arena, &stopped, e) < 0 ||
        store_sync_get(c->with->db, c->arena, &sync, e) < 0)
        return NULL;
    view = json_object();
    json_object_set_new(view, "tasks", running_view(c, &running));
    json_object_set_new(view, "has_tasks", json_boolean(running.len > 0));
    json_object_set_new(view, "stopped", stopped_view(c, &stopped));
    json_object_set_new(view, "has_stopped",
                        json_boolean(json_array_size(json_object_get(view, "stopped")) > 0));
    json_object_set_new(view, "sync", sync_view(&sync));
    return view;
}

int page_index(struct call *c, struct err *e)
{
    json_t *view = list_view(c, e);

    return view != NULL ? page_send(c, 200, "list", "Environments", view, e) : -1;
}

int page_list(struct call *c, struct err *e)
{
    json_t *view = list_view(c, e);
    int rc;

    if (view == NULL)
        return -1;
    respond_page(c->response, 200);
    rc = templates_render(c->with->templates, "list", view, &c->response->body, e);
    json_decref(view);
    return rc;
}

int page_terminate(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const char *id;
    const char *subdomain;
    int rc;

    if (params_text(params, "id", &id, e) < 0 ||
        params_subdomain(params, c->arena, &subdomain, e) < 0)
        return -1;
    if (id != NULL && *id != '\0')
        rc = environment_terminate_task(c->with->db, c->with->runner, id, e);
    else if (subdomain != NULL)
        rc = environment_terminate(c->with->db, c->with->runner, subdomain, e);
    else
        rc = err_set(e, ERR_INVALID, "parameter required: id or subdomain");
    if (rc == 0)
        respond_redirect(c->response, "/");
    return rc;
}
