/* `/terminate`: GET asks, POST terminates. Browsers without a script get here by a link. */
#include "store/store_asleep.h"
#include "store/store_task.h"

#include "deed.h"
#include "look.h"
#include "page.h"
#include "router.h"
#include "view.h"
#include "view_task.h"

/* What the request names: one task by `id`, or all of a `subdomain`. */
struct target {
    const char *id;        /* NULL: the subdomain counts */
    const char *subdomain; /* NULL when an id was given */
};

static int read_target(struct call *c, struct target *target, struct err *e)
{
    const struct params *params = &c->request->params;

    if (params_text(params, "id", &target->id, e) < 0 ||
        params_subdomain(params, c->arena, &target->subdomain, e) < 0)
        return -1;
    if (target->id && *target->id) {
        target->subdomain = NULL;
        return 0;
    }
    target->id = NULL;
    if (!target->subdomain)
        return err_set(e, ERR_INVALID, "parameter required: id or subdomain");
    return 0;
}

/* What runs under the subdomain; before it is said that nothing does, another look is taken. */
static int list_running(struct call *c, const char *subdomain, struct task_list *tasks,
                        struct err *e)
{
    struct err unknown;

    if (store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, tasks, e) < 0)
        return -1;
    if (tasks->len > 0 || look(c, &unknown) < 0)
        return 0;
    return store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, tasks, e);
}

static int ask(struct call *c, const struct target *target, struct err *e)
{
    const char *subdomain = target->subdomain;
    const char *title;
    struct task_list tasks = {0};
    struct asleep_row row;
    struct task task;
    json_t *list;
    json_t *view;
    int rc, sleeps;

    if (target->id) {
        rc = store_task_get(c->with->db, target->id, c->arena, &task, e);
        if (rc == 0)
            err_set(e, ERR_NOT_FOUND, "There is no task %.200s.", target->id);
        if (rc <= 0)
            return -1;
        subdomain = task.subdomain;
        tasks = (struct task_list){&task, 1};
    } else if (list_running(c, subdomain, &tasks, e) < 0) {
        return -1;
    }
    sleeps = store_asleep_get(c->with->db, subdomain, c->arena, &row, e);
    if (sleeps < 0)
        return -1;
    list = json_array();
    for (size_t i = 0; i < tasks.len; i++)
        json_array_append_new(list, view_task_page(c, &tasks.items[i]));
    view = json_pack("{s:o,s:o,s:o,s:b}", "subdomain", view_text(subdomain), "id",
                     target->id ? view_text(task.short_id) : json_null(), "tasks", list,
                     "has_tasks", tasks.len > 0 || sleeps > 0);
    title =
        arena_printf(c->arena, "%s %s",
                     tasks.len > 0 || sleeps > 0 ? "Terminate" : "Nothing runs under", subdomain);
    return page_send(c, 200, "terminate", title, view, e);
}

int page_terminate(struct call *c, struct err *e)
{
    struct target target;

    if (read_target(c, &target, e) < 0)
        return -1;
    if (c->request->method == METHOD_GET)
        return ask(c, &target, e);
    if (deed_terminate(c, target.subdomain, target.id, e) < 0)
        return -1;
    respond_redirect(c->response, "/");
    return 0;
}
