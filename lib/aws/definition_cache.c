#include "definition_cache.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "log.h"

#define KEPT_MAX 200   /* beside those of the tasks that there are */
#define AGAIN_MS 10000 /* until one that failed is tried again */

void definitions_open(struct definitions *d)
{
    d->known = json_object();
    d->failed = json_object();
    if (!d->known || !d->failed)
        abort();
}

void definitions_free(struct definitions *d)
{
    json_decref(d->known);
    json_decref(d->failed);
}

void definitions_bound(struct definitions *d, size_t n)
{
    if (json_object_size(d->known) >= KEPT_MAX + 2 * n)
        json_object_clear(d->known);
    if (json_object_size(d->failed) >= KEPT_MAX + 2 * n)
        json_object_clear(d->failed);
}

static void keep(struct definitions *d, const char *arn, json_t *definition)
{
    json_object_set_new(d->known, arn, definition ? json_incref(definition) : json_null());
}

/* A definition that ECS refuses to give will not come; anything else may be better next time. */
static bool is_final(const struct ecs_result *result)
{
    return !strcmp(result->code, "ClientException") ||
           !strcmp(result->code, "InvalidParameterException");
}

static void take(struct definitions *d, const char *arn, const struct ecs_result *result)
{
    const bool failed_before = json_object_get(d->failed, arn);

    if (result->value || is_final(result)) {
        if (!result->value)
            log_warn("the tasks of %s have no ports: %s", arn, result->err.text);
        else if (failed_before)
            log_info("%s can be described again", arn);
        keep(d, arn, result->value);
        json_object_del(d->failed, arn);
        return;
    }
    if (!failed_before)
        log_warn("%s cannot be described yet, and its tasks keep the ports that they have: %s", arn,
                 result->err.text);
    json_object_set_new(d->failed, arn, json_integer(clock_monotonic_ms() + AGAIN_MS));
}

static bool is_due(const struct definitions *d, const char *arn)
{
    const json_t *at = json_object_get(d->failed, arn);

    return !at || json_integer_value(at) <= clock_monotonic_ms();
}

void definitions_fetch(struct definitions *d, const struct ecs *ecs, const json_t *const *tasks,
                       size_t n, struct arena *a)
{
    const char **arns = arena_array(a, n, sizeof *arns);
    struct ecs_result *results;
    json_t *asked = json_object();
    size_t len = 0;

    definitions_bound(d, n);
    for (size_t i = 0; i < n; i++) {
        const char *arn = json_string_value(json_object_get(tasks[i], "taskDefinitionArn"));
        if (!arn || json_object_get(d->known, arn) || json_object_get(asked, arn) ||
            !is_due(d, arn))
            continue;
        json_object_set_new(asked, arn, json_true());
        arns[len++] = arn;
    }
    results = arena_array(a, len, sizeof *results);
    ecs_describe_task_definitions(ecs, arns, len, a, results);
    for (size_t i = 0; i < len; i++) {
        take(d, arns[i], &results[i]);
        json_decref(results[i].value);
    }
    json_decref(asked);
}

const json_t *definitions_of(const struct definitions *d, const json_t *task)
{
    const char *arn = json_string_value(json_object_get(task, "taskDefinitionArn"));

    return arn ? json_object_get(d->known, arn) : NULL;
}

const char *definitions_keep(struct definitions *d, json_t *definition, struct arena *a)
{
    const char *arn = json_text(definition, "taskDefinitionArn", a);

    keep(d, arn, definition);
    return arn;
}

const json_t *definitions_kept(const struct definitions *d, const char *arn)
{
    return json_object_get(d->known, arn);
}

const json_t *definitions_by_name(struct definitions *d, const struct ecs *ecs, const char *name,
                                  struct arena *a, struct err *e)
{
    const json_t *known = json_object_get(d->known, name);
    struct ecs_result result;

    if (known)
        return known;
    definitions_bound(d, 1);
    ecs_describe_task_definitions(ecs, &name, 1, a, &result);
    if (!result.value) {
        *e = result.err;
        return NULL;
    }
    keep(d, name, result.value);
    json_decref(result.value);
    return json_object_get(d->known, name);
}
