/* /api/list: the view of the tasks. The runner is not asked. */
#include "api.h"

#include <string.h>

#include "store_task.h"

#include "router.h"
#include "view.h"

static int read_status(const struct params *params, enum task_filter *filter, struct err *e)
{
    const char *status;

    if (params_text(params, "status", &status, e) < 0)
        return -1;
    if (status == NULL || *status == '\0' || strcmp(status, "running") == 0)
        *filter = TASK_RUNNING;
    else if (strcmp(status, "stopped") == 0)
        *filter = TASK_STOPPED;
    else if (strcmp(status, "all") == 0)
        *filter = TASK_ALL;
    else
        return err_set(e, ERR_INVALID, "status must be running, stopped or all");
    return 0;
}

int api_list(struct call *c, struct err *e)
{
    enum task_filter filter = TASK_RUNNING;
    struct task_list tasks;
    json_t *result;

    if (read_status(&c->request->params, &filter, e) < 0 ||
        store_task_list(c->with->db, filter, c->arena, &tasks, e) < 0)
        return -1;
    result = json_array();
    for (size_t i = 0; i < tasks.len; i++)
        json_array_append_new(result, view_task_api(&tasks.items[i]));
    respond_json_result(c->response, 200, result);
    return 0;
}
