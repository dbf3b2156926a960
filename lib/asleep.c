#include "asleep.h"

#include <string.h>

#include <jansson.h>

#include "ascii.h"
#include "json.h"
#include "launch_id.h"
#include "pattern.h"

#define VERSION         1
#define DEFINITIONS_MAX 100

char *asleep_to_json(const struct asleep *asleep, struct arena *a)
{
    const struct launch_request *r = &asleep->request;
    json_t *taskdefs = json_array(), *parameters = json_array(), *all;
    char *text;

    for (size_t i = 0; i < r->n_taskdefs; i++)
        json_array_append_new(taskdefs, json_string(r->taskdefs[i]));
    for (size_t i = 0; i < r->n_params; i++)
        json_array_append_new(parameters,
                              json_pack("{s:s,s:s,s:s}", "name", r->params[i].name, "env",
                                        r->params[i].env, "value", r->params[i].value));
    all = json_pack("{s:i,s:s,s:s,s:I,s:s,s:s,s:o,s:o}", "version", VERSION, "subdomain",
                    asleep->subdomain, "launch", asleep->launch, "at", (json_int_t)asleep->at, "by",
                    asleep->by, "reason", asleep->reason, "taskdefs", taskdefs, "parameters",
                    parameters);
    text = json_to_text(all, a);
    json_decref(all);
    return text;
}

/* Whether a variable of this name can be given to a container. */
static bool is_variable(const char *name)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    return *name && !strchr(digits, *name) && strspn(name, letters) == strlen(name);
}

static int read_taskdefs(const json_t *list, struct arena *a, struct launch_request *r,
                         struct err *e)
{
    size_t n = json_array_size(list);
    const char **taskdefs = arena_array(a, n, sizeof *taskdefs);

    if (n == 0 || n > DEFINITIONS_MAX)
        return err_set(e, ERR_INVALID, "taskdefs: expected a list of 1 to %d task definitions",
                       DEFINITIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !*text)
            return err_set(e, ERR_INVALID, "taskdefs: expected names of task definitions");
        taskdefs[i] = arena_strdup(a, text);
    }
    r->taskdefs = taskdefs;
    r->n_taskdefs = n;
    return 0;
}

static int read_parameters(const json_t *list, struct arena *a, struct launch_request *r,
                           struct err *e)
{
    size_t n = json_array_size(list), i;
    struct launch_param *params = arena_array(a, n, sizeof *params);
    const json_t *item;

    if (!json_is_array(list))
        return err_set(e, ERR_INVALID, "parameters: expected a list");
    json_array_foreach (list, i, item) {
        params[i] = (struct launch_param){.name = json_text(item, "name", a),
                                          .env = json_text(item, "env", a),
                                          .value = json_text(item, "value", a)};
        if (!*params[i].name || !is_variable(params[i].env))
            return err_set(e, ERR_INVALID,
                           "parameters: expected objects with name, env (the name of a variable) "
                           "and value");
    }
    r->params = params;
    r->n_params = n;
    return 0;
}

static int read_all(const json_t *all, const char *subdomain, struct arena *a,
                    struct asleep *asleep, struct err *e)
{
    json_int_t version = json_integer_value(json_object_get(all, "version"));

    if (version > VERSION)
        return err_set(e, ERR_REFUSED, "a newer mirage-ecs has written it (version %lld, not %d)",
                       (long long)version, VERSION);
    if (version != VERSION)
        return err_set(e, ERR_INVALID, "version: expected %d", VERSION);
    *asleep = (struct asleep){
        .subdomain = json_text(all, "subdomain", a),
        .launch = json_text(all, "launch", a),
        .at = json_integer_value(json_object_get(all, "at")),
        .by = json_text(all, "by", a),
        .reason = json_text(all, "reason", a),
    };
    if (strcmp(asleep->subdomain, subdomain) != 0 || !pattern_is_subdomain(subdomain))
        return err_set(e, ERR_INVALID, "subdomain: expected %.63s", subdomain);
    if (*asleep->launch && !ulid_is_valid(asleep->launch))
        return err_set(e, ERR_INVALID, "launch: expected a ULID");
    if (asleep->at <= 0)
        return err_set(e, ERR_INVALID, "at: expected milliseconds since 1970");
    asleep->request = (struct launch_request){.subdomain = asleep->subdomain, .by = ""};
    return read_taskdefs(json_object_get(all, "taskdefs"), a, &asleep->request, e) < 0
               ? -1
               : read_parameters(json_object_get(all, "parameters"), a, &asleep->request, e);
}

int asleep_from_json(const char *subdomain, const char *text, size_t len, struct arena *a,
                     struct asleep *asleep, struct err *e)
{
    json_error_t where;
    json_t *all;
    int rc;

    if (len > ASLEEP_TEXT_MAX)
        return err_set(e, ERR_INVALID, "it has more than %zu KiB", ASLEEP_TEXT_MAX / 1024);
    all = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (!all)
        return err_set(e, ERR_INVALID, "it is no JSON: %s (line %d)", where.text, where.line);
    rc = read_all(all, subdomain, a, asleep, e);
    json_decref(all);
    return rc;
}

void asleep_wake_id(const struct asleep *asleep, bool newest, char id[ULID_SIZE])
{
    struct arena a = {0};

    launch_id_after(
        asleep->subdomain, asleep->launch,
        arena_printf(&a, " asleep %lld%s", (long long)asleep->at, newest ? " newest" : ""), id);
    arena_free(&a);
}
