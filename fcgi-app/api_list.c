/* /api/list: the view of the tasks. The runner is not asked. */
#include "api.h"

#include <string.h>

#include "store/store_task.h"

#include "router.h"
#include "view.h"
#include "view_task.h"

static int read_status(const struct params *params, enum task_filter *filter, struct err *e)
{
    const char *status;

    if (params_text(params, "status", &status, e) < 0)
        return -1;
    if (!status || !*status || !strcmp(status, "running"))
        *filter = TASK_RUNNING;
    else if (!strcmp(status, "stopped"))
        *filter = TASK_STOPPED;
    else if (!strcmp(status, "all"))
        *filter = TASK_ALL;
    else
        return err_set(e, ERR_INVALID, "status must be running, stopped or all");
    return 0;
}

static void remember(struct list_text *text, int64_t version, const struct response *r)
{
    buf_clear(&text->text);
    buf_add(&text->text, r->body.data, r->body.len);
    text->version = version;
    text->good = r->status == 200 && !text->text.failed;
}

int api_list(struct call *c, struct err *e)
{
    enum task_filter filter = TASK_RUNNING;
    struct list_text *known;
    struct task_list tasks;
    int64_t version;
    json_t *result;

    if (read_status(&c->request->params, &filter, e) < 0)
        return -1;
    known = c->with->lists ? &c->with->lists->of[filter] : NULL;
    version = db_data_version(c->with->db, e);
    if (version < 0)
        return -1;
    if (known && known->good && known->version == version) {
        respond_json_ready(c->response, 200, &known->text);
        return 0;
    }
    if (store_task_list(c->with->db, filter, c->arena, &tasks, e) < 0)
        return -1;
    result = json_array();
    for (size_t i = 0; i < tasks.len; i++)
        json_array_append_new(result, view_task_api(&tasks.items[i]));
    respond_json_result(c->response, 200, result);
    if (known)
        remember(known, version, c->response);
    return 0;
}
