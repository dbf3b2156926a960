/* `/` and `/list`: what runs, and what stopped lately. */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store/store_access.h"
#include "store/store_environment.h"
#include "store/store_sync.h"
#include "store/store_task.h"

#include "launch_watch.h"
#include "look.h"
#include "router.h"
#include "view.h"
#include "view_environment.h"
#include "view_task.h"
#include "view_time.h"

#define STALE_MS         60000 /* several looks of an idle cluster */
#define STOPPED_SHOWN_MS ((int64_t)3600 * 1000)

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

/* Null while the last look at the tasks was a good one, and not long ago: mirage-sync may stand
 * still, or the disk be too full to say that it fails. */
static json_t *sync_view(const struct sync_status *sync)
{
    int64_t last = sync->succeeded_at != 0 ? sync->succeeded_at : sync->made_at;
    const char *error = sync->error;
    int64_t failed = sync->failed_at;

    if (failed <= sync->succeeded_at) {
        if (clock_now_ms() - last < STALE_MS)
            return json_null();
        error = "mirage-sync has written nothing since; the log of mirage-ecs says why";
        failed = 0;
    }
    return json_pack("{s:o,s:o,s:o}", "error", view_text(error), "failed", view_time(failed),
                     "succeeded", view_time(sync->succeeded_at));
}

static int read_facts(struct call *c, struct environment_facts *facts, struct err *e)
{
    struct db *db = c->with->db;
    const int64_t since = clock_now_ms() - STOPPED_SHOWN_MS;

    return store_environment_list(db, c->arena, &facts->environments, &facts->n_environments, e) <
                       0 ||
                   store_task_list(db, TASK_RUNNING, c->arena, &facts->tasks, e) < 0 ||
                   store_launch_list(db, NULL, c->arena, &facts->launches, e) < 0 ||
                   store_asleep_list(db, c->arena, &facts->asleep, &facts->n_asleep, e) < 0 ||
                   store_access_minutes(db, since, c->arena, &facts->minutes, &facts->n_minutes,
                                        e) < 0
               ? -1
               : 0;
}

static int set_watched(struct call *c, json_t *view, struct err *e)
{
    const char *launched;
    json_t *watched;

    if (params_text(&c->request->params, "launched", &launched, e) < 0)
        return -1;
    if (!launched || !*launched)
        return 0;
    if (launch_watch(c, launched, &watched, e) < 0)
        return -1;
    json_object_set_new(view, "watched", watched);
    return 0;
}

static json_t *list_view(struct call *c, struct err *e)
{
    struct environment_facts facts = {0};
    struct task_list stopped;
    struct sync_status sync;
    json_t *environments;
    json_t *view;

    if (db_begin_read(c->with->db, e) < 0)
        return NULL;
    view = json_object();
    if (read_facts(c, &facts, e) < 0 ||
        store_task_list(c->with->db, TASK_STOPPED, c->arena, &stopped, e) < 0 ||
        store_sync_get(c->with->db, c->arena, &sync, e) < 0 || set_watched(c, view, e) < 0) {
        db_rollback(c->with->db);
        json_decref(view);
        return NULL;
    }
    db_rollback(c->with->db);
    environments = view_environments(c, &facts);
    json_object_set_new(view, "has_environments", json_boolean(json_array_size(environments) > 0));
    json_object_set_new(view, "environments", environments);
    json_object_set_new(view, "stopped", stopped_view(c, &stopped));
    json_object_set_new(view, "has_stopped",
                        json_boolean(json_array_size(json_object_get(view, "stopped")) > 0));
    json_object_set_new(view, "sync", sync_view(&sync));
    return view;
}

/* The launch that is to be watched may have been taken by another stack. When it cannot be looked
 * for, the page says that of all it shows. */
static int look_for_watched(struct call *c, struct err *e)
{
    const char *launched;
    struct environment env;
    int rc;

    if (params_text(&c->request->params, "launched", &launched, e) < 0)
        return -1;
    if (!launched || !*launched)
        return 0;
    rc = store_environment_get(c->with->db, launched, c->arena, &env, e);
    if (rc == 0 && look(c, e) < 0 && e->kind != ERR_BUSY)
        rc = -1;
    return rc < 0 ? -1 : 0;
}

int page_index(struct call *c, struct err *e)
{
    json_t *view;

    if (look_for_watched(c, e) < 0)
        return -1;
    view = list_view(c, e);
    return view ? page_send(c, 200, "list", "Environments", view, e) : -1;
}

int page_list(struct call *c, struct err *e)
{
    json_t *view = list_view(c, e);
    int rc;

    if (!view)
        return -1;
    page_set_version(view);
    respond_page(c->response, 200);
    rc = templates_render(c->with->templates, "list", view, &c->response->body, e);
    if (rc == 0)
        respond_if_changed(c->response, request_variable(c->request, "HTTP_IF_NONE_MATCH"));
    json_decref(view);
    return rc;
}
