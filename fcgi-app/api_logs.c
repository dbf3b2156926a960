/* /api/logs: what the tasks of a subdomain wrote, and in `notes` what of it could not be read. */
#include "api.h"

#include "router.h"
#include "task_logs.h"
#include "view.h"

int api_logs(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const char *subdomain;
    const char *since;
    const char *tail;
    struct log_lines lines;
    json_t *answer, *result, *notes;

    if (params_need_subdomain(params, c->arena, &subdomain, e) < 0 ||
        params_text(params, "since", &since, e) < 0 || params_text(params, "tail", &tail, e) < 0)
        return -1;
    if (task_logs(c, subdomain, since, tail, -1, &lines, e) < 0) {
        if (e->kind == ERR_NOT_FOUND)
            e->kind = ERR_INVALID;
        return -1;
    }
    result = json_array();
    for (size_t i = 0; i < lines.len; i++)
        json_array_append_new(result, view_text(lines.items[i].text));
    answer = json_pack("{s:o}", "result", result);
    if (lines.n_notes > 0) {
        notes = json_array();
        for (size_t i = 0; i < lines.n_notes; i++)
            json_array_append_new(notes, view_text(lines.notes[i]));
        json_object_set_new(answer, "notes", notes);
    }
    respond_json(c->response, 200, answer);
    return 0;
}
