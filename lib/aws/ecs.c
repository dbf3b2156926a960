#include "ecs.h"

#include <string.h>

#include "json.h"

#include "failure.h"
#include "json_call.h"

#define LIST_TASKS     "ECS ListTasks"
#define LIST_PAGES_MAX 500 /* a page has a hundred */

/* "MISSING (arn:…)", with the detail if there is one. */
static const char *failure_text(const json_t *failure, struct arena *a)
{
    const char *reason = json_text(failure, "reason", a), *detail = json_text(failure, "detail", a);
    const char *arn = json_text(failure, "arn", a);

    return arena_printf(a, "%s%s%s%s%s%s", *reason ? reason : "a failure without reason",
                        *detail ? ": " : "", detail, *arn ? " (" : "", arn, *arn ? ")" : "");
}

/* --- ListTasks ---------------------------------------------------------------------------------
 */

/* Takes a page's ARNs; *next becomes the token of the next page, NULL when it was the last. */
static int take_arns(const json_t *answer, struct arena *a, struct ecs_arns *arns,
                     const char **next, struct err *e)
{
    const json_t *list = json_object_get(answer, "taskArns"), *arn;
    const char *token = json_string_value(json_object_get(answer, "nextToken"));
    size_t i;

    if (!json_is_array(list))
        return err_set(e, ERR_REFUSED, LIST_TASKS ": the answer is not in AWS's form");
    json_array_foreach (list, i, arn) {
        if (!json_is_string(arn))
            continue;
        arns->items = arena_grow(a, arns->items, arns->len, &arns->cap, sizeof *arns->items);
        arns->items[arns->len++] = arena_strdup(a, json_string_value(arn));
    }
    *next = token && *token ? arena_strdup(a, token) : NULL;
    return 0;
}

int ecs_list_tasks(const struct ecs *ecs, const char *desired_status, struct arena *a,
                   struct ecs_arns *arns, struct err *e)
{
    struct aws_pages pages = aws_pages_begin(LIST_PAGES_MAX);
    const char *token = NULL, *next = NULL;
    int rc;

    do {
        json_t *request =
            json_pack("{s:s, s:s, s:i, s:s*}", "cluster", ecs->cluster, "desiredStatus",
                      desired_status, "maxResults", ECS_TASKS_A_CALL, "nextToken", token);
        struct aws_call call = json_call(AWS_ECS, "ListTasks", request, true, a);
        json_t *answer;
        call.give_up_at = pages.give_up_at;
        answer = json_call_one(ecs->client, call, NULL, e);
        rc = answer ? take_arns(answer, a, arns, &next, e) : -1;
        json_decref(answer);
        if (rc == 0 && next)
            rc = aws_pages_turn(&pages, LIST_TASKS, token, next, e);
        token = rc == 0 ? next : NULL;
    } while (token);
    return rc;
}

/* --- DescribeTasks -----------------------------------------------------------------------------
 */

struct describing {
    const struct ecs *ecs;
    struct arena *a;
    json_t *tasks;
    struct ecs_undescribed *failed; /* NULL: a failure is an error */
};

static int add_failed(struct describing *d, const char *arn, const char *why, struct err *e)
{
    struct ecs_undescribed *f = d->failed;

    if (!f)
        return err_set(e, ERR_REFUSED, "ECS DescribeTasks: %s", why);
    f->items = arena_grow(d->a, f->items, f->len, &f->cap, sizeof *f->items);
    f->items[f->len++] = (struct ecs_undescribed_task){arena_strdup(d->a, arn), why};
    return 0;
}

static int take_tasks(struct describing *d, struct aws_call *call, struct err *e)
{
    json_t *answer = json_call_answer(call);
    const json_t *failure;
    size_t i;
    int rc = 0;

    if (!answer) {
        *e = call->err;
        return -1;
    }
    if (json_array_extend(d->tasks, json_object_get(answer, "tasks")) < 0)
        rc = err_set(e, ERR_REFUSED, "ECS DescribeTasks: the answer is not in AWS's form");
    json_array_foreach (json_object_get(answer, "failures"), i, failure) {
        const char *reason = json_string_value(json_object_get(failure, "reason"));
        const char *arn = json_string_value(json_object_get(failure, "arn"));
        if (rc == 0 && (!reason || strcmp(reason, "MISSING") != 0))
            rc = add_failed(d, arn ? arn : "", failure_text(failure, d->a), e);
    }
    json_decref(answer);
    return rc;
}

static struct aws_call compose(const struct describing *d, const char *const *arns, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(arns[i]));
    return json_call(AWS_ECS, "DescribeTasks",
                     json_pack("{s:s, s:o, s:[s]}", "cluster", d->ecs->cluster, "tasks", list,
                               "include", "TAGS"),
                     true, d->a);
}

/* Whether one of the tasks may be why the call was refused. */
static bool is_about_tasks(const struct aws_call *call)
{
    return !strcmp(call->code, "InvalidParameterException") ||
           !strcmp(call->code, "ClientException");
}

/* Takes what came of a call for these tasks. */
static int take_or_halve(struct describing *d, struct aws_call *call, const char *const *arns,
                         size_t n, struct err *e)
{
    if (!call->failed)
        return take_tasks(d, call, e);
    if (!d->failed || !is_about_tasks(call)) {
        *e = call->err;
        return -1;
    }
    if (n == 1)
        return add_failed(d, arns[0], arena_strdup(d->a, call->err.text), e);
    for (size_t first = 0, some = n / 2; first < n; first += some, some = n - first) {
        struct aws_call half = compose(d, arns + first, some);
        int rc;
        aws_perform(d->ecs->client, &half, 1);
        rc = take_or_halve(d, &half, arns + first, some, e);
        aws_call_free(&half, 1);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int ecs_describe_tasks(const struct ecs *ecs, const char *const *arns, size_t n, struct arena *a,
                       json_t **tasks, struct ecs_undescribed *failed, struct err *e)
{
    struct describing d = {.ecs = ecs, .a = a, .tasks = json_array(), .failed = failed};
    size_t n_calls = (n + ECS_TASKS_A_CALL - 1) / ECS_TASKS_A_CALL;
    struct aws_call *calls = arena_array(a, n_calls, sizeof *calls);
    int rc = 0;

    for (size_t i = 0; i < n_calls; i++) {
        size_t first = i * ECS_TASKS_A_CALL, left = n - first;
        calls[i] = compose(&d, arns + first, left < ECS_TASKS_A_CALL ? left : ECS_TASKS_A_CALL);
    }
    aws_perform(ecs->client, calls, n_calls);
    for (size_t i = 0; i < n_calls && rc == 0; i++) {
        size_t first = i * ECS_TASKS_A_CALL, left = n - first;
        rc = take_or_halve(&d, &calls[i], arns + first,
                           left < ECS_TASKS_A_CALL ? left : ECS_TASKS_A_CALL, e);
    }
    aws_call_free(calls, n_calls);
    if (rc < 0)
        json_decref(d.tasks);
    *tasks = rc < 0 ? NULL : d.tasks;
    return rc;
}

/* --- several of one kind, each with an end of its own ------------------------------------------
 */

typedef json_t *take_fn(const json_t *answer, struct arena *a, struct err *why);

/* What take() makes of the answer is the result; NULL with an error when it tells a failure. */
static struct ecs_result result_of(struct aws_call *call, take_fn *take, struct arena *a)
{
    json_t *answer = call->failed ? NULL : json_call_answer(call);
    struct ecs_result result = {0};

    if (answer)
        result.value = take(answer, a, &result.err);
    else
        result.err = call->err;
    memcpy(result.code, call->code, AWS_CODE_SIZE);
    json_decref(answer);
    return result;
}

static json_t *take_task_definition(const json_t *answer, struct arena *a, struct err *why)
{
    json_t *definition = json_object_get(answer, "taskDefinition");

    (void)a;
    if (json_is_string(json_object_get(definition, "taskDefinitionArn")))
        return json_incref(definition);
    err_set(why, ERR_REFUSED, "ECS DescribeTaskDefinition: no task definition in the answer");
    return NULL;
}

void ecs_describe_task_definitions(const struct ecs *ecs, const char *const *names, size_t n,
                                   struct arena *a, struct ecs_result *results)
{
    struct aws_call *calls = arena_array(a, n, sizeof *calls);

    for (size_t i = 0; i < n; i++)
        calls[i] = json_call(AWS_ECS, "DescribeTaskDefinition",
                             json_pack("{s:s}", "taskDefinition", names[i]), true, a);
    aws_perform(ecs->client, calls, n);
    for (size_t i = 0; i < n; i++)
        results[i] = result_of(&calls[i], take_task_definition, a);
    aws_call_free(calls, n);
}

static json_t *take_started(const json_t *answer, struct arena *a, struct err *why)
{
    json_t *task = json_array_get(json_object_get(answer, "tasks"), 0);
    const json_t *failure = json_array_get(json_object_get(answer, "failures"), 0);

    if (json_is_string(json_object_get(task, "taskArn")))
        return json_incref(task);
    err_set(why, ERR_REFUSED, "ECS RunTask: %s",
            failure ? failure_text(failure, a) : "no task was started, and no reason given");
    return NULL;
}

/* Somebody has started this very task with other parameters: another copy of mirage-ecs, with
 * another configuration. The answer names it (API Reference, ConflictException). */
static void take_conflicting(const struct ecs *ecs, const struct aws_call *call, struct arena *a,
                             struct ecs_result *result)
{
    json_t *answer = json_loadb(buf_text(&call->answer), call->answer.len, 0, NULL), *tasks = NULL;
    const char *arn = json_string_value(json_array_get(json_object_get(answer, "resourceIds"), 0));
    struct err e;

    if (arn && ecs_describe_tasks(ecs, &arn, 1, a, &tasks, NULL, &e) == 0)
        result->value = json_incref(json_array_get(tasks, 0));
    json_decref(tasks);
    json_decref(answer);
}

void ecs_run_tasks(const struct ecs *ecs, json_t *const *requests, size_t n, struct arena *a,
                   struct ecs_result *results)
{
    struct aws_call *calls = arena_array(a, n, sizeof *calls);

    for (size_t i = 0; i < n; i++) {
        json_object_set_new(requests[i], "cluster", json_string(ecs->cluster));
        /* Without clientToken a request whose answer was lost has perhaps started a task. */
        bool repeatable = json_object_get(requests[i], "clientToken");
        calls[i] = json_call(AWS_ECS, "RunTask", requests[i], repeatable, a);
    }
    aws_perform(ecs->client, calls, n);
    for (size_t i = 0; i < n; i++) {
        results[i] = result_of(&calls[i], take_started, a);
        if (!strcmp(results[i].code, "ConflictException"))
            take_conflicting(ecs, &calls[i], a, &results[i]);
    }
    aws_call_free(calls, n);
}

/* --- StopTask, DescribeServices ----------------------------------------------------------------
 */

int ecs_stop_task(const struct ecs *ecs, const char *arn, const char *reason, struct err *e)
{
    struct arena a = {0};
    char code[AWS_CODE_SIZE];
    json_t *request =
        json_pack("{s:s, s:s, s:s}", "cluster", ecs->cluster, "task", arn, "reason", reason);
    json_t *answer =
        json_call_one(ecs->client, json_call(AWS_ECS, "StopTask", request, true, &a), code, e);
    /* InvalidParameterException: The referenced task was not found. */
    bool gone =
        !answer && !strcmp(code, "InvalidParameterException") && strstr(e->text, "not found");

    json_decref(answer);
    arena_free(&a);
    return answer || gone ? 0 : -1;
}

json_t *ecs_describe_service(const struct ecs *ecs, const char *name, struct err *e)
{
    struct arena a = {0};
    json_t *request = json_pack("{s:s, s:[s]}", "cluster", ecs->cluster, "services", name);
    json_t *answer = json_call_one(
        ecs->client, json_call(AWS_ECS, "DescribeServices", request, true, &a), NULL, e);
    json_t *service = json_incref(json_array_get(json_object_get(answer, "services"), 0));

    if (answer && !service) {
        const json_t *failure = json_array_get(json_object_get(answer, "failures"), 0);
        err_set(e, ERR_REFUSED, "ECS DescribeServices: %s",
                failure ? failure_text(failure, &a) : "no service in the answer");
    }
    json_decref(answer);
    arena_free(&a);
    return service;
}
