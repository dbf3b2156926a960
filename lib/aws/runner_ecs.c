#include "runner_ecs.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container_of.h"
#include "log.h"
#include "log_lines.h"

#include "asleep_object.h"
#include "cloudwatch_logs.h"
#include "definition_cache.h"
#include "ecs.h"
#include "ecs_launch.h"
#include "ecs_launch_check.h"
#include "ecs_task.h"
#include "s3.h"
#include "task_cache.h"

/* Between two listings, however often mirage-sync asks while something is starting: less than it
 * waits while nothing is. */
#define LISTING_MS 9500

struct runner_ecs {
    struct runner runner;
    const struct config *config;
    struct ecs ecs;
    struct definitions definitions;
    struct task_cache cache;
    json_t *warned;    /* ARNs of tasks that the log has been told of */
    int64_t listed_at; /* monotonic ms; 0: never */
    bool turn;         /* flips with every listing: what is stopped, or what was asked long ago */
};

static struct runner_ecs *ecs_of(struct runner *r)
{
    return container_of(r, struct runner_ecs, runner);
}

/* --- launch ------------------------------------------------------------------------------------
 */

static int ecs_prepare(struct runner *runner, const struct launch_request *request, struct arena *a,
                       struct launch_plan *plan, struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);
    size_t n = request->n_taskdefs;
    struct ecs_result *found = arena_array(a, n, sizeof *found);
    enum err_kind kind = ERR_INVALID;
    const char *all = "";

    plan->definitions = arena_array(a, n, sizeof *plan->definitions);
    ecs_describe_task_definitions(&r->ecs, request->taskdefs, n, a, found);
    definitions_bound(&r->definitions, n);
    for (size_t i = 0; i < n; i++) {
        const char *problem = found[i].err.text;
        if (found[i].value) {
            plan->definitions[i] = definitions_keep(&r->definitions, found[i].value, a);
            problem = ecs_launch_problem(r->config, request, found[i].value, a);
            json_decref(found[i].value);
        } else
            kind = ERR_REFUSED;
        if (problem)
            all =
                arena_printf(a, "%s%s%s: %s", all, *all ? "; " : "", request->taskdefs[i], problem);
    }
    return *all ? err_set(e, kind, "%s; nothing was stopped", all) : 0;
}

static int ecs_launch(struct runner *runner, const struct launch_request *request,
                      const struct launch_plan *plan, struct arena *a,
                      struct launch_result *results, struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);
    size_t n = request->n_taskdefs;
    struct ecs_result *runs = arena_array(a, n, sizeof *runs);
    json_t **requests = arena_array(a, n, sizeof *requests);

    (void)e;
    for (size_t i = 0; i < n; i++)
        requests[i] = ecs_launch_request(r->config, request, i,
                                         definitions_kept(&r->definitions, plan->definitions[i]));
    ecs_run_tasks(&r->ecs, requests, n, a, runs);
    for (size_t i = 0; i < n; i++) {
        results[i] = (struct launch_result){.taskdef = request->taskdefs[i]};
        if (runs[i].value)
            results[i].task =
                ecs_task(runs[i].value, request->subdomain,
                         definitions_kept(&r->definitions, plan->definitions[i]), r->config, a);
        else
            results[i].error = arena_strdup(a, runs[i].err.text);
        json_decref(runs[i].value);
    }
    return 0;
}

/* --- list --------------------------------------------------------------------------------------
 */

static bool is_ours(const json_t *task)
{
    struct arena a = {0};
    const char *subdomain;
    bool ours = ecs_task_kind(task, &a, &subdomain) != ECS_TASK_FOREIGN;

    arena_free(&a);
    return ours;
}

/* Lists what is meant to run and, in turn, what is meant to be stopped, or gives room to ask again
 * what was not asked for long (*spare): two calls for up to a hundred tasks. */
static int list_all(struct runner_ecs *r, size_t *spare, struct arena *a, struct err *e)
{
    struct ecs_arns running = {0}, stopped = {0};

    *spare = r->turn ? ECS_TASKS_A_CALL : 0;
    if (ecs_list_tasks(&r->ecs, "RUNNING", a, &running, e) < 0 ||
        (!r->turn && ecs_list_tasks(&r->ecs, "STOPPED", a, &stopped, e) < 0))
        return -1;
    task_cache_listed(&r->cache, &running, r->turn ? NULL : &stopped, clock_now_ms());
    r->turn = !r->turn;
    r->listed_at = clock_monotonic_ms();
    return 0;
}

/* Told once a task. */
static bool warn_of(struct runner_ecs *r, const char *arn)
{
    if (json_object_get(r->warned, arn))
        return false;
    json_object_set_new(r->warned, arn, json_true());
    return true;
}

/* Those of `wanted` that ECS has described, or said to be missing. */
static struct ecs_arns without(const struct ecs_arns *wanted, const struct ecs_undescribed *failed,
                               struct arena *a)
{
    struct ecs_arns left = {.items = arena_array(a, wanted->len, sizeof *left.items)};

    for (size_t i = 0; i < wanted->len; i++) {
        bool described = true;
        for (size_t k = 0; k < failed->len; k++)
            described = described && strcmp(wanted->items[i], failed->items[k].arn) != 0;
        if (described)
            left.items[left.len++] = wanted->items[i];
    }
    return left;
}

static int describe(struct runner_ecs *r, const struct ecs_arns *wanted, struct arena *a,
                    struct ecs_undescribed *failed, struct err *e)
{
    struct ecs_arns asked;
    json_t *tasks;

    if (wanted->len == 0)
        return 0;
    if (ecs_describe_tasks(&r->ecs, wanted->items, wanted->len, a, &tasks, failed, e) < 0)
        return -1;
    for (size_t i = 0; i < failed->len; i++)
        if (warn_of(r, failed->items[i].arn))
            log_warn("task %s stays as it was known: ECS DescribeTasks: %s", failed->items[i].arn,
                     failed->items[i].why);
    asked = without(wanted, failed, a);
    task_cache_described(&r->cache, &asked, tasks, is_ours, clock_now_ms());
    json_decref(tasks);
    return 0;
}

/* Nothing will mend it but whoever tagged it. */
static void warn_broken(struct runner_ecs *r, const char *arn)
{
    if (warn_of(r, arn))
        log_warn("task %s is tagged ManagedBy, but its tag Subdomain is no base64 of a subdomain: "
                 "it is left alone",
                 arn);
}

/* What the cache has, and those of which nothing could be learnt. */
static void collect(struct runner_ecs *r, const struct ecs_undescribed *failed, struct arena *a,
                    struct task_list *tasks)
{
    const json_t **ours = arena_array(a, r->cache.len, sizeof *ours);
    const char **subdomains = arena_array(a, r->cache.len, sizeof *subdomains);
    size_t n = 0;

    for (size_t i = 0; i < r->cache.len; i++) {
        const json_t *task = r->cache.items[i].task;
        if (!task)
            continue;
        if (ecs_task_kind(task, a, &subdomains[n]) == ECS_TASK_MANAGED)
            ours[n++] = task;
        else
            warn_broken(r, r->cache.items[i].arn);
    }
    definitions_fetch(&r->definitions, &r->ecs, ours, n, a);
    tasks->items = arena_array(a, n + failed->len, sizeof *tasks->items);
    for (size_t i = 0; i < n; i++)
        tasks->items[tasks->len++] = ecs_task(
            ours[i], subdomains[i], definitions_of(&r->definitions, ours[i]), r->config, a);
    for (size_t i = 0; i < failed->len; i++)
        if (!task_cache_has(&r->cache, failed->items[i].arn))
            tasks->items[tasks->len++] =
                (struct task){.arn = failed->items[i].arn, .unknown = true};
}

/* Those that are tasks of this cluster: for one that is not (the configuration named another
 * before) DescribeTasks refuses all. */
static struct runner_known *of_this_cluster(const struct runner_ecs *r,
                                            const struct runner_known *known, size_t n_known,
                                            struct arena *a, size_t *n)
{
    struct runner_known *ours = arena_array(a, n_known, sizeof *ours);
    const char *slash = strrchr(r->ecs.cluster, '/');
    const char *part = arena_printf(a, ":task/%s/", slash ? slash + 1 : r->ecs.cluster);
    const char *region = arena_printf(a, ":ecs:%s:", aws_client_region(r->ecs.client));

    *n = 0;
    for (size_t i = 0; i < n_known; i++)
        if (strstr(known[i].arn, region) && strstr(known[i].arn, part))
            ours[(*n)++] = known[i];
    return ours;
}

static int ecs_list(struct runner *runner, bool now, const struct runner_known *known,
                    size_t n_known, struct arena *a, struct task_list *tasks, struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);
    struct ecs_arns wanted = {0};
    struct ecs_undescribed failed = {0};
    size_t spare = 0;

    *tasks = (struct task_list){0};
    if ((now || r->listed_at == 0 || clock_monotonic_ms() - r->listed_at >= LISTING_MS) &&
        list_all(r, &spare, a, e) < 0)
        return -1;
    known = of_this_cluster(r, known, n_known, a, &n_known);
    task_cache_wanted(&r->cache, known, n_known, a, &wanted);
    if (wanted.len < spare)
        task_cache_oldest(&r->cache, spare - wanted.len, a, &wanted);
    if (describe(r, &wanted, a, &failed, e) < 0)
        return -1;
    collect(r, &failed, a, tasks);
    return 0;
}

/* --- stop, logs, trace -------------------------------------------------------------------------
 */

static void ecs_limit(struct runner *runner)
{
    aws_client_limit(ecs_of(runner)->ecs.client, runner->limit);
}

static int ecs_stop(struct runner *runner, const char *arn, const char *reason, struct err *e)
{
    return ecs_stop_task(&ecs_of(runner)->ecs, arn, reason, e);
}

/* Where a container writes (Amazon ECS Developer Guide, "Using the awslogs log driver"). false when
 * it is not CloudWatch Logs. */
static bool stream_of(const struct runner_ecs *r, const json_t *container, const char *task_id,
                      struct arena *a, struct log_stream *stream)
{
    const json_t *log = json_object_get(container, "logConfiguration");
    const json_t *options = json_object_get(log, "options");
    const char *driver = json_string_value(json_object_get(log, "logDriver"));
    const char *group = json_string_value(json_object_get(options, "awslogs-group"));
    const char *prefix = json_string_value(json_object_get(options, "awslogs-stream-prefix"));
    const char *region = json_string_value(json_object_get(options, "awslogs-region"));
    const char *name = json_string_value(json_object_get(container, "name"));

    if (!driver || strcmp(driver, "awslogs") != 0 || !group || !prefix || !name)
        return false;
    *stream = (struct log_stream){
        .region = region && aws_region_is_valid(region) ? arena_strdup(a, region)
                                                        : aws_client_region(r->ecs.client),
        .group = arena_strdup(a, group),
        .stream = arena_printf(a, "%s/%s/%s", prefix, name, task_id),
        .container = arena_strdup(a, name),
    };
    return true;
}

/* What is missing of a container's lines, for whoever reads them. */
static void note(struct log_lines *lines, struct arena *a, const char *whose, const char *what)
{
    size_t cap = lines->n_notes;

    lines->notes = arena_grow(a, lines->notes, lines->n_notes, &cap, sizeof *lines->notes);
    lines->notes[lines->n_notes++] = arena_printf(a, "%s: %s", whose, what);
}

/* The streams of all containers of these tasks, whose definitions are known. */
static struct log_stream *streams_of(struct runner_ecs *r, const struct task_list *tasks,
                                     struct arena *a, struct log_lines *lines, size_t *n)
{
    struct log_stream *streams = NULL;
    size_t cap = 0, i, k;
    struct err e;

    *n = 0;
    for (i = 0; i < tasks->len; i++) {
        const struct task *t = &tasks->items[i];
        const json_t *definition = definitions_by_name(&r->definitions, &r->ecs, t->taskdef, a, &e),
                     *container;
        if (!definition) {
            note(lines, a, t->taskdef, e.text);
            continue;
        }
        json_array_foreach (json_object_get(definition, "containerDefinitions"), k, container) {
            struct log_stream stream;
            if (!stream_of(r, container, t->short_id, a, &stream))
                continue;
            streams = arena_grow(a, streams, *n, &cap, sizeof *streams);
            streams[(*n)++] = stream;
        }
    }
    return streams;
}

static int ecs_logs(struct runner *runner, const struct task_list *tasks,
                    const struct log_query *query, struct arena *a, struct log_lines *lines,
                    struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);
    struct log_stream *streams;
    const char **notes;
    size_t n, failed;

    *lines = (struct log_lines){0};
    streams = streams_of(r, tasks, a, lines, &n);
    if (n == 0 && lines->n_notes > 0)
        return err_set(e, ERR_REFUSED, "%s", lines->notes[0]);
    if (n == 0 && tasks->len > 0)
        return err_set(e, ERR_REFUSED,
                       "no container of %s writes to CloudWatch Logs: its task definition needs "
                       "logConfiguration awslogs, with awslogs-group and awslogs-stream-prefix",
                       tasks->items[0].taskdef);
    notes = arena_array(a, n, sizeof *notes);
    failed = logs_read(r->ecs.client, streams, n, query, a, lines, notes);
    for (size_t i = 0; i < n; i++)
        if (notes[i])
            note(lines, a, streams[i].container, notes[i]);
    if (failed > 0 && failed == n)
        return err_set(e, ERR_REFUSED, "%s", lines->notes[lines->n_notes - n]);
    log_lines_merge(lines, query->tail, a);
    return 0;
}

static int ecs_trace(struct runner *runner, const char *arn, struct arena *a, struct trace *trace,
                     struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);
    const char *subdomain;
    const json_t *task;
    json_t *tasks;
    int rc = 0;

    *trace = (struct trace){0};
    if (ecs_describe_tasks(&r->ecs, &arn, 1, a, &tasks, NULL, e) < 0)
        return -1;
    task = json_array_get(tasks, 0);
    if (!task || ecs_task_kind(task, a, &subdomain) != ECS_TASK_MANAGED)
        rc = err_set(e, ERR_NOT_FOUND, "task %.200s is not found", arn);
    else {
        definitions_fetch(&r->definitions, &r->ecs, &task, 1, a);
        trace->task =
            ecs_task(task, subdomain, definitions_of(&r->definitions, task), r->config, a);
        ecs_task_trace(task, a, trace);
    }
    json_decref(tasks);
    return rc;
}

/* --- what sleeps -------------------------------------------------------------------------------
 */

static int ecs_keep(struct runner *runner, const struct asleep *asleep, struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);

    return asleep_object_keep(r->ecs.client, r->config->state.url, asleep, e);
}

static int ecs_kept_list(struct runner *runner, struct arena *a, struct runner_kept_list *list,
                         struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);

    return asleep_object_list(r->ecs.client, r->config->state.url, a, list, e);
}

static int ecs_kept_get(struct runner *runner, const char *subdomain, struct arena *a,
                        struct asleep *asleep, struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);

    return asleep_object_get(r->ecs.client, r->config->state.url, subdomain, a, asleep, e);
}

static int ecs_forget(struct runner *runner, const char *subdomain, const char *launch,
                      struct err *e)
{
    struct runner_ecs *r = ecs_of(runner);

    return asleep_object_forget(r->ecs.client, r->config->state.url, subdomain, launch, e);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static void ecs_close(struct runner *runner)
{
    struct runner_ecs *r = ecs_of(runner);

    task_cache_free(&r->cache);
    definitions_free(&r->definitions);
    json_decref(r->warned);
    aws_client_close(r->ecs.client);
    free(r);
}

static int check_state_url(const char *url, struct err *e)
{
    struct s3_location ignored;
    struct arena a = {0};
    int rc = url ? s3_parse(url, &a, &ignored, e) : 0;

    arena_free(&a);
    return rc < 0 ? err_prefix(e, "state.url") : 0;
}

#define TASK_OPS                                                                                   \
    .prepare = ecs_prepare, .launch = ecs_launch, .list = ecs_list, .stop = ecs_stop,              \
    .logs = ecs_logs, .trace = ecs_trace, .limit = ecs_limit, .close = ecs_close

static const struct runner_ops ops = {TASK_OPS};
static const struct runner_ops keeping_ops = {
    TASK_OPS,
    .keep = ecs_keep,
    .kept_list = ecs_kept_list,
    .kept_get = ecs_kept_get,
    .forget = ecs_forget,
};

int runner_ecs_open(struct runner **runner, const struct config *config, struct err *e)
{
    struct aws_client *client;
    struct runner_ecs *r;

    *runner = NULL;
    if (!config->ecs.cluster)
        return err_set(e, ERR_INVALID,
                       "no ECS cluster: set ecs.cluster in the configuration; -local runs tasks on "
                       "this machine without AWS");
    if (check_state_url(config->state.url, e) < 0 ||
        aws_client_open(&client, config->ecs.region, e) < 0)
        return -1;
    r = calloc(1, sizeof *r);
    if (!r || !(r->warned = json_object()))
        abort();
    definitions_open(&r->definitions);
    r->runner.ops = config->state.url ? &keeping_ops : &ops;
    r->config = config;
    r->ecs = (struct ecs){.client = client, .cluster = config->ecs.cluster};
    *runner = &r->runner;
    return 0;
}
