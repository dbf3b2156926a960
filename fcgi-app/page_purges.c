/* `/purges` and `/purge`: what a purge would stop and why, the request for one, and the past ones.
 * mirage-sync carries a purge out; this file only asks for it. */
#include "page.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/cloudwatch.h"
#include "clock.h"
#include "purge_decision.h"
#include "purge_plan.h"
#include "store/store_purge.h"
#include "store/store_purge_past.h"

#include "router.h"
#include "view.h"
#include "view_purge.h"

enum { PAST_SHOWN = 20 };

#define DEFAULT_DURATION "86400"

/* The fields as they were filled in. */
struct fields {
    const char *duration;
    const char *excludes;     /* separated by commas or blanks */
    const char *exclude_tags; /* separated by commas */
    const char *exclude_regexp;
    const char *action;
};

static int read_fields(struct call *c, struct fields *f, struct err *e)
{
    const struct params *params = &c->request->params;
    struct params_list excludes, tags;

    if (params_text(params, "duration", &f->duration, e) < 0 ||
        params_list(params, c->arena, "excludes", &excludes, e) < 0 ||
        params_list(params, c->arena, "exclude_tags", &tags, e) < 0 ||
        params_text(params, "exclude_regexp", &f->exclude_regexp, e) < 0 ||
        params_text(params, "action", &f->action, e) < 0)
        return -1;
    f->excludes = excludes.len > 0 ? excludes.items[0] : "";
    f->exclude_tags = tags.len > 0 ? tags.items[0] : "";
    return 0;
}

static const char **split(struct arena *a, const char *text, const char *separators, size_t *n)
{
    const char **items = NULL;
    size_t cap = 0;

    *n = 0;
    while (*(text += strspn(text, separators))) {
        size_t len = strcspn(text, separators);

        items = arena_grow(a, items, *n, &cap, sizeof(*items));
        items[(*n)++] = arena_strndup(a, text, len);
        text += len;
    }
    return items;
}

static struct purge_input input_of(struct arena *a, const struct fields *f)
{
    struct purge_input input = {
        .duration = f->duration, .exclude_regexp = f->exclude_regexp, .action = f->action};

    input.excludes = split(a, f->excludes, ", \t\r\n", &input.n_excludes);
    input.exclude_tags = split(a, f->exclude_tags, ",\r\n", &input.n_exclude_tags);
    return input;
}

/* Durations to choose from, and the one that was asked for. */
static json_t *durations_view(struct arena *a, const char *asked)
{
    static const int64_t choices[] = {300,       3600,      6 * 3600,   86400,
                                      3 * 86400, 7 * 86400, 14 * 86400, 30 * 86400};
    const int64_t wanted = strtoll(asked, NULL, 10);
    json_t *list = json_array();
    bool found = false;

    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        found = found || choices[i] == wanted;
        json_array_append_new(list, json_pack("{s:I,s:s,s:b}", "value", (json_int_t)choices[i],
                                              "label", view_purge_duration(a, choices[i]),
                                              "selected", choices[i] == wanted));
    }
    if (!found && wanted >= PURGE_DURATION_MIN)
        json_array_insert_new(list, 0,
                              json_pack("{s:I,s:s,s:b}", "value", (json_int_t)wanted, "label",
                                        view_purge_duration(a, wanted), "selected", true));
    return list;
}

static void set_fields(struct call *c, json_t *view, const struct fields *f)
{
    const char *duration = f->duration ? f->duration : DEFAULT_DURATION;

    json_object_set_new(view, "duration", view_text(duration));
    json_object_set_new(view, "durations", durations_view(c->arena, duration));
    json_object_set_new(view, "excludes", view_text(f->excludes));
    json_object_set_new(view, "exclude_tags", view_text(f->exclude_tags));
    json_object_set_new(view, "exclude_regexp", view_text(f->exclude_regexp));
    json_object_set_new(view, "sleep", json_boolean(f->action && !strcmp(f->action, "sleep")));
}

/* What the rules would do, in *preview; when they are wrong it stays null and *message says why. */
static int preview(struct call *c, const struct fields *f, json_t **preview, const char **message,
                   struct err *e)
{
    const struct purge_input input = input_of(c->arena, f);
    const struct purge_view view = {.source = cloudwatch_source(c->with->aws),
                                    .max_age_s = c->with->config->purge.max_age_ms / 1000,
                                    .db = c->with->db};
    struct purge_rules rules;
    struct purge_plan plan;
    size_t stops = 0;
    int rc;

    if (purge_rules_check(&input, &rules, e) < 0) {
        purge_rules_free(&rules);
        *message = arena_strdup(c->arena, e->text);
        return 0;
    }
    rc = purge_plan(&view, &rules, c->arena, &plan, e);
    purge_rules_free(&rules);
    if (rc < 0)
        return -1;
    for (size_t i = 0; i < plan.n; i++)
        stops += plan.decisions[i].stop;
    *preview = json_pack("{s:o,s:s,s:b,s:I,s:I,s:o}", "decisions",
                         view_purge_preview(plan.decisions, plan.n), "words",
                         view_purge_duration(c->arena, rules.duration_s), "any", stops > 0, "stops",
                         (json_int_t)stops, "keeps", (json_int_t)(plan.n - stops), "warning",
                         view_text(plan.warning));
    return 0;
}

/* The past purge that `run` names, with its decisions. */
static int set_chosen(struct call *c, json_t *view, const char *id, struct err *e)
{
    struct purge_decided *decisions;
    struct purge_past run;
    json_t *chosen;
    size_t n;
    int rc = store_purge_past_get(c->with->db, strtoll(id, NULL, 10), c->arena, &run, e);

    if (rc == 0)
        err_set(e, ERR_NOT_FOUND, "There is no purge %.20s.", id);
    if (rc <= 0 || store_purge_decided(c->with->db, run.id, c->arena, &decisions, &n, e) < 0)
        return -1;
    chosen = view_purge_past(c->arena, &run);
    json_object_set_new(chosen, "decisions", view_purge_decided(decisions, n));
    json_object_set_new(view, "chosen", chosen);
    return 0;
}

static int set_past(struct call *c, json_t *view, struct err *e)
{
    struct purge_past *runs;
    json_t *list;
    bool busy = false;
    size_t n;

    if (store_purge_past_list(c->with->db, PAST_SHOWN, c->arena, &runs, &n, e) < 0)
        return -1;
    list = json_array();
    for (size_t i = 0; i < n; i++) {
        busy = busy || runs[i].finished_at == 0;
        json_array_append_new(list, view_purge_past(c->arena, &runs[i]));
    }
    json_object_set_new(view, "runs", list);
    json_object_set_new(view, "has_runs", json_boolean(n > 0));
    json_object_set_new(view, "busy", json_boolean(busy));
    return 0;
}

static int send(struct call *c, int status, const struct fields *f, const char *message,
                json_t *preview, struct err *e)
{
    json_t *view = json_object();
    const char *run;

    json_object_set_new(view, "message", view_text(message));
    json_object_set_new(view, "preview", preview ? preview : json_null());
    set_fields(c, view, f);
    if (params_text(&c->request->params, "run", &run, e) < 0 ||
        (run && *run && set_chosen(c, view, run, e) < 0) || set_past(c, view, e) < 0) {
        json_decref(view);
        return -1;
    }
    return page_send(c, status, "purges", "Purge", view, e);
}

/* With a duration it is a preview; without, only the form. */
int page_purges(struct call *c, struct err *e)
{
    const char *message = NULL;
    json_t *shown = NULL;
    struct fields f;

    if (read_fields(c, &f, e) < 0 || (f.duration && preview(c, &f, &shown, &message, e) < 0))
        return -1;
    return send(c, message ? 400 : 200, &f, message, shown, e);
}

int page_purge(struct call *c, struct err *e)
{
    struct purge_rules rules = {0};
    struct purge_input input;
    struct fields f;
    int rc;

    if (c->request->method == METHOD_GET) { /* the address of a form that was refused */
        respond_redirect(c->response, "/purges");
        return 0;
    }
    if (read_fields(c, &f, e) < 0)
        return -1;
    input = input_of(c->arena, &f);
    rc = purge_rules_check(&input, &rules, e);
    purge_rules_free(&rules);
    if (rc < 0)
        return send(c, 400, &f, arena_strdup(c->arena, e->text), NULL, e);
    if (store_purge_ask(c->with->db, clock_now_ms(), "page", purge_input_to_json(&input, c->arena),
                        e) < 0)
        return -1;
    respond_redirect(c->response, "/purges");
    return 0;
}
