/* /api/purge: the request is checked completely and written down; mirage-sync carries it out.
 * /api/purges: the results of the last ones. */
#include "clock.h"
#include "purge_decision.h"
#include "store/store_purge.h"
#include "store/store_purge_past.h"

#include "api.h"
#include "router.h"

#define PURGES_SHOWN 20

static int read_input(struct call *c, struct purge_input *input, struct err *e)
{
    const struct params *params = &c->request->params;
    struct params_list excludes, tags;

    *input = (struct purge_input){0};
    if (params_number_text(params, c->arena, "duration", &input->duration, e) < 0 ||
        params_list(params, c->arena, "excludes", &excludes, e) < 0 ||
        params_list(params, c->arena, "exclude_tags", &tags, e) < 0 ||
        params_text(params, "exclude_regexp", &input->exclude_regexp, e) < 0 ||
        params_text(params, "action", &input->action, e) < 0)
        return -1;
    input->excludes = excludes.items;
    input->n_excludes = excludes.len;
    input->exclude_tags = tags.items;
    input->n_exclude_tags = tags.len;
    return 0;
}

static json_t *time_or_null(int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    return ms ? json_string(clock_rfc3339(ms, text)) : json_null();
}

static int run_json(struct call *c, const struct purge_past *run, json_t *list, struct err *e)
{
    struct purge_decided *decisions;
    json_t *decided = json_array();
    size_t n;

    if (store_purge_decided(c->with->db, run->id, c->arena, &decisions, &n, e) < 0) {
        json_decref(decided);
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        json_array_append_new(decided,
                              json_pack("{s:s,s:b,s:s,s:s}", "subdomain", decisions[i].subdomain,
                                        "stop", decisions[i].stop, "reason", decisions[i].reason,
                                        "result", decisions[i].result));
    json_array_append_new(list, json_pack("{s:I,s:s,s:o,s:o,s:o,s:o,s:s,s:o}", "id",
                                          (json_int_t)run->id, "requested_by", run->requested_by,
                                          "requested", time_or_null(run->requested_at), "started",
                                          time_or_null(run->started_at), "finished",
                                          time_or_null(run->finished_at), "request",
                                          json_loads(run->request, 0, NULL), "error", run->error,
                                          "decisions", decided));
    return 0;
}

int api_purges(struct call *c, struct err *e)
{
    struct purge_past *runs;
    json_t *list = json_array();
    size_t n;

    if (store_purge_past_list(c->with->db, PURGES_SHOWN, c->arena, &runs, &n, e) < 0)
        goto fail;
    for (size_t i = 0; i < n; i++)
        if (run_json(c, &runs[i], list, e) < 0)
            goto fail;
    respond_json_result(c->response, 200, list);
    return 0;
fail:
    json_decref(list);
    return -1;
}

int api_purge(struct call *c, struct err *e)
{
    struct purge_input input;
    struct purge_rules rules = {0};
    int rc;

    if (read_input(c, &input, e) < 0)
        return -1;
    rc = purge_rules_check(&input, &rules, e);
    purge_rules_free(&rules);
    if (rc < 0 || store_purge_ask(c->with->db, clock_now_ms(), "api",
                                  purge_input_to_json(&input, c->arena), e) < 0)
        return -1;
    respond_json_text(c->response, 200, "result", "accepted");
    return 0;
}
