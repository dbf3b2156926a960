#include "launch.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "config/config.h"
#include "json.h"

json_t *launch_env(const struct launch_request *request, bool compat_v1)
{
    json_t *env = json_object();
    struct arena a = {0};

    json_object_set_new(
        env, "SUBDOMAIN",
        json_string(compat_v1 ? base64_encode(request->subdomain, false, &a) : request->subdomain));
    json_object_set_new(env, "SUBDOMAINRAW", json_string(request->subdomain));
    for (size_t i = 0; i < request->n_params; i++)
        json_object_set_new(env, request->params[i].env, json_string(request->params[i].value));
    arena_free(&a);
    return env;
}

static void add_tag(json_t *tags, const char *key, const char *value)
{
    json_array_append_new(tags, json_pack("{s:s, s:s}", "Key", key, "Value", value));
}

json_t *launch_tags(const struct launch_request *request)
{
    json_t *tags = json_array();
    struct arena a = {0};

    add_tag(tags, "ManagedBy", "mirage-ecs");
    add_tag(tags, "Subdomain", base64_encode(request->subdomain, true, &a));
    if (request->launch)
        add_tag(tags, LAUNCH_TAG, request->launch);
    if (request->launch && request->n_taskdefs > 1)
        add_tag(tags, LAUNCH_TASKS_TAG, arena_printf(&a, "%zu", request->n_taskdefs));
    for (size_t i = 0; i < request->n_params; i++)
        add_tag(tags, request->params[i].name, request->params[i].value);
    arena_free(&a);
    return tags;
}

char *launch_to_json(const struct launch_request *request, struct arena *a)
{
    json_t *taskdefs = json_array(), *params = json_object(), *all;
    char *text;

    for (size_t i = 0; i < request->n_taskdefs; i++)
        json_array_append_new(taskdefs, json_string(request->taskdefs[i]));
    for (size_t i = 0; i < request->n_params; i++)
        json_object_set_new(params, request->params[i].name, json_string(request->params[i].value));
    all = json_pack("{s:s, s:o, s:o}", "subdomain", request->subdomain, "taskdef", taskdefs,
                    "parameters", params);
    text = json_to_text(all, a);
    json_decref(all);
    return text;
}

const char *launch_branch(const struct launch_request *request)
{
    for (size_t i = 0; i < request->n_params; i++)
        if (!strcmp(request->params[i].name, "branch"))
            return request->params[i].value;
    return "";
}

/* The parameters of a task, by the variables that it was given: every copy reads the same there,
 * while tags do not take every character. */
static size_t params_of(const struct config *config, const struct task *t, struct arena *a,
                        struct launch_param **params)
{
    json_t *env = json_loads(t->env, 0, NULL), *value;
    struct launch_param *list = arena_array(a, json_object_size(env), sizeof *list);
    const char *variable;
    size_t n = 0;

    json_object_foreach (env, variable, value) {
        const char *name = variable;
        if (!strcmp(variable, "SUBDOMAIN") || !strcmp(variable, "SUBDOMAINRAW"))
            continue;
        for (size_t i = 0; i < config->n_parameters; i++)
            if (!strcmp(config->parameters[i].env, variable))
                name = config->parameters[i].name;
        list[n++] = (struct launch_param){
            .name = arena_strdup(a, name),
            .env = arena_strdup(a, variable),
            .value = arena_strdup(a, json_string_value(value) ? json_string_value(value) : "")};
    }
    json_decref(env);
    *params = list;
    return n;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct launch_request launch_of_tasks(const struct config *config, const struct task *tasks,
                                      size_t n, struct arena *a)
{
    const char **taskdefs = arena_array(a, n, sizeof *taskdefs);
    struct launch_param *params;
    size_t n_params = params_of(config, &tasks[0], a, &params);

    for (size_t i = 0; i < n; i++)
        taskdefs[i] = tasks[i].taskdef;
    qsort(taskdefs, n, sizeof *taskdefs, by_text);
    return (struct launch_request){
        .subdomain = tasks[0].subdomain,
        .taskdefs = taskdefs,
        .n_taskdefs = n,
        .params = params,
        .n_params = n_params,
        .by = "",
    };
}
