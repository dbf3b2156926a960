#include "launch_again.h"

#include <string.h>

#include <jansson.h>

#include "store/store_launch.h"
#include "store/store_task.h"

#include "router.h"

struct fields {
    struct arena *arena;
    struct params *params;
    size_t cap;
};

static void add(struct fields *f, const char *name, const char *value)
{
    struct params *p = f->params;

    if (!value)
        return;
    p->fields = arena_grow(f->arena, p->fields, p->n_fields, &f->cap, sizeof(*p->fields));
    p->fields[p->n_fields++] =
        (struct params_field){arena_strdup(f->arena, name), arena_strdup(f->arena, value)};
}

/* As launch_to_json() writes it. False when it says nothing. */
static bool add_request(struct fields *f, const char *text)
{
    json_t *request = json_loads(text, 0, NULL);
    const json_t *taskdefs = json_object_get(request, "taskdef");
    const size_t n = json_array_size(taskdefs);
    const char *name;
    json_t *value;

    for (size_t i = 0; i < n; i++)
        add(f, "taskdef", json_string_value(json_array_get(taskdefs, i)));
    if (n > 0)
        json_object_foreach (json_object_get(request, "parameters"), name, value)
            add(f, name, json_string_value(value));
    json_decref(request);
    return n > 0;
}

/* The parameters that the task has in its environment, under the names that they have there. */
static void add_environment(struct fields *f, const struct config *config, const char *text)
{
    json_t *env = json_loads(text, 0, NULL);

    for (size_t i = 0; i < config->n_parameters; i++) {
        const struct config_parameter *p = &config->parameters[i];

        add(f, p->name, json_string_value(json_object_get(env, p->env)));
    }
    json_decref(env);
}

/* The tasks that were started together last: those that run, or the latest that stopped. */
static void add_tasks(struct fields *f, const struct config *config, const struct task_list *tasks)
{
    const struct task *latest = &tasks->items[tasks->len - 1];

    for (size_t i = 0; i < tasks->len; i++)
        if (task_is_live(&tasks->items[i]) || &tasks->items[i] == latest)
            add(f, "taskdef", tasks->items[i].taskdef);
    add_environment(f, config, latest->env);
}

int launch_again(struct call *c, const char *subdomain, const char *launch, struct params *params,
                 struct err *e)
{
    struct fields f = {.arena = c->arena, .params = params};
    struct task_list tasks = {0};
    const char *request;
    int rc = store_launch_request(c->with->db, subdomain, launch, c->arena, &request, e);

    *params = (struct params){0};
    add(&f, "subdomain", subdomain);
    if (rc < 0)
        return -1;
    if (rc > 0 && add_request(&f, request))
        return 0;
    if (store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, &tasks, e) < 0 ||
        (tasks.len == 0 &&
         store_task_of(c->with->db, subdomain, TASK_ALL, c->arena, &tasks, e) < 0))
        return -1;
    if (tasks.len == 0)
        return err_set(e, ERR_NOT_FOUND, "Nothing is known of a launch of %.100s.", subdomain);
    add_tasks(&f, c->with->config, &tasks);
    return 0;
}
