/* /api/purge: the request is checked in full and written down; mirage-sync carries it out. */
#include "api.h"

#include "clock.h"
#include "purge.h"
#include "store_purge.h"

#include "router.h"

static int read_input(struct call *c, struct purge_input *input, struct err *e)
{
    const struct params *params = &c->request->params;
    struct params_list excludes, tags;

    *input = (struct purge_input){0};
    if (params_number_text(params, c->arena, "duration", &input->duration, e) < 0 ||
        params_list(params, c->arena, "excludes", &excludes, e) < 0 ||
        params_list(params, c->arena, "exclude_tags", &tags, e) < 0 ||
        params_text(params, "exclude_regexp", &input->exclude_regexp, e) < 0)
        return -1;
    input->excludes = excludes.items;
    input->n_excludes = excludes.len;
    input->exclude_tags = tags.items;
    input->n_exclude_tags = tags.len;
    return 0;
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
