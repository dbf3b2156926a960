#include "recover.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "clock.h"
#include "environment.h"
#include "launch_check.h"
#include "log.h"
#include "recover_rule.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

static int by_launch(const void *left, const void *right)
{
    const struct task *a = left, *b = right;

    return strcmp(a->launch, b->launch);
}

/* The launches of the environment, each with its tasks. */
static int look(struct db *db, const char *subdomain, struct arena *a, struct launch_seen **seen,
                size_t *n, struct err *e)
{
    struct launch_list launches;
    struct task_list tasks;

    if (store_launch_list(db, subdomain, a, &launches, e) < 0 ||
        store_task_of(db, subdomain, TASK_ALL, a, &tasks, e) < 0)
        return -1;
    if (tasks.len > 0)
        qsort(tasks.items, tasks.len, sizeof *tasks.items, by_launch);
    *seen = arena_array(a, launches.len, sizeof **seen);
    *n = launches.len;
    for (size_t i = 0; i < launches.len; i++) {
        struct launch_seen *s = &(*seen)[i];
        *s = (struct launch_seen){.launch = &launches.items[i]};
        for (size_t k = 0; k < tasks.len; k++) {
            if (strcmp(tasks.items[k].launch, s->launch->id) != 0)
                continue;
            s->tasks = s->n_tasks ? s->tasks : &tasks.items[k];
            s->n_tasks++;
        }
    }
    return 0;
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

static struct launch_request request_of(const struct config *config, const char *subdomain,
                                        const struct launch_seen *of, const struct recovery *rec,
                                        struct arena *a)
{
    const char **taskdefs = arena_array(a, of->n_tasks, sizeof *taskdefs);
    struct launch_param *params;
    size_t n_params = params_of(config, &of->tasks[0], a, &params);

    for (size_t i = 0; i < of->n_tasks; i++)
        taskdefs[i] = of->tasks[i].taskdef;
    qsort(taskdefs, of->n_tasks, sizeof *taskdefs, by_text);
    return (struct launch_request){
        .subdomain = subdomain,
        .taskdefs = taskdefs,
        .n_taskdefs = of->n_tasks,
        .params = params,
        .n_params = n_params,
        .stop_first = launch_stops_first(config, of->n_tasks),
        .by = "mirage-ecs: what was lost is launched again",
        .launch = arena_strdup(a, rec->id),
    };
}

static int recover(struct db *db, struct runner *r, const struct config *config,
                   const char *subdomain, struct arena *a, struct err *e)
{
    struct launch_request request;
    struct launch_seen *seen;
    struct environment env;
    struct recovery rec;
    size_t n;
    int rc = store_environment_get(db, subdomain, a, &env, e);

    if (rc <= 0 || env.ended_at)
        return rc < 0 ? -1 : 0;
    if (look(db, subdomain, a, &seen, &n, e) < 0)
        return -1;
    rec = recover_decide(seen, n, config->launch.recover_kinds, clock_now_ms(), a);
    if (rec.what != RECOVER_NOW)
        return 0;
    request = request_of(config, subdomain, &seen[rec.of], &rec, a);
    log_warn("%s: %s: launching it again", subdomain, rec.text);
    return environment_launch(db, r, &request, e) < 0 ? -1 : 1;
}

int recover_environment(struct db *db, struct runner *r, const struct config *config,
                        const char *subdomain, struct err *e)
{
    struct arena a = {0};
    int rc = recover(db, r, config, subdomain, &a, e);

    arena_free(&a);
    return rc;
}
