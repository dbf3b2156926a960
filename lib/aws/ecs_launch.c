#include "ecs_launch.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "json.h"
#include "launch.h"
#include "ecs_tag.h"

/* launch_tags() as RunTask takes them. */
static json_t *tags_of(const struct launch_request *request)
{
    json_t *ours = launch_tags(request), *tags = json_array(), *tag;
    struct arena a = {0};
    size_t i;

    json_array_foreach (ours, i, tag) {
        const char *key = json_string_value(json_object_get(tag, "Key"));
        const char *value = json_string_value(json_object_get(tag, "Value"));
        json_array_append_new(tags, json_pack("{s:s, s:s}", "key", ecs_tag_text(key, &a), "value",
                                              ecs_tag_text(value, &a)));
    }
    arena_free(&a);
    json_decref(ours);
    return tags;
}

json_t *ecs_launch_overrides(const struct config *c, const struct launch_request *request,
                             const json_t *definition)
{
    json_t *env = launch_env(request, c->compat_v1), *list = json_array(), *value;
    json_t *overrides = json_array();
    const json_t *container;
    const char *name;
    size_t i;

    json_object_foreach (env, name, value)
        json_array_append_new(list, json_pack("{s:s, s:O}", "name", name, "value", value));
    json_array_foreach (json_object_get(definition, "containerDefinitions"), i, container)
        json_array_append_new(overrides,
                              json_pack("{s:O, s:O}", "name", json_object_get(container, "name"),
                                        "environment", list));
    json_decref(env);
    json_decref(list);
    return json_pack("{s:o}", "containerOverrides", overrides);
}

static json_t *strings(const struct config_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->len; i++)
        json_array_append_new(array, json_string(list->items[i]));
    return array;
}

/* How tasks are placed: the strategy, or else the launch type (one excludes the other). */
static void add_placement(json_t *run, const struct config *c)
{
    json_t *strategy = json_array(), *vpc;

    for (size_t i = 0; i < c->ecs.n_capacity_provider_strategy; i++) {
        const struct config_capacity_provider *p = &c->ecs.capacity_provider_strategy[i];
        json_array_append_new(
            strategy, json_pack("{s:s, s:I, s:I}", "capacityProvider", p->capacity_provider,
                                "weight", (json_int_t)p->weight, "base", (json_int_t)p->base));
    }
    if (json_array_size(strategy) > 0)
        json_object_set(run, "capacityProviderStrategy", strategy);
    else
        json_object_set_new(run, "launchType", json_string(c->ecs.launch_type));
    json_decref(strategy);
    if (c->ecs.network_configuration.awsvpc_configuration.subnets.len == 0)
        return;
    vpc = json_pack("{s:o, s:o}", "subnets",
                    strings(&c->ecs.network_configuration.awsvpc_configuration.subnets),
                    "securityGroups",
                    strings(&c->ecs.network_configuration.awsvpc_configuration.security_groups));
    if (c->ecs.network_configuration.awsvpc_configuration.assign_public_ip)
        json_object_set_new(
            vpc, "assignPublicIp",
            json_string(c->ecs.network_configuration.awsvpc_configuration.assign_public_ip));
    json_object_set_new(run, "networkConfiguration",
                        json_pack("{s:o}", "awsvpcConfiguration", vpc));
}

/* 33 to 64 letters (RunTask, clientToken): the launch, which of the tasks of this definition, and
 * the definition. So whoever starts the same launch, with more or fewer definitions, starts no task
 * twice. */
static const char *token(const struct launch_request *request, size_t i, struct arena *a)
{
    const char *taskdef = request->taskdefs[i];
    size_t same = 0;

    for (size_t k = 0; k < i; k++)
        same += !strcmp(request->taskdefs[k], taskdef);
    return arena_printf(a, "%s-%zu-%016llx", request->launch, same,
                        (unsigned long long)hash_bytes64(taskdef, strlen(taskdef)));
}

json_t *ecs_launch_request(const struct config *c, const struct launch_request *request, size_t i,
                           const json_t *definition)
{
    json_t *run =
        json_pack("{s:O, s:i, s:o, s:o, s:b}", "taskDefinition",
                  json_object_get(definition, "taskDefinitionArn"), "count", 1, "overrides",
                  ecs_launch_overrides(c, request, definition), "tags", tags_of(request),
                  "enableExecuteCommand", c->ecs.enable_execute_command);

    struct arena a = {0};

    if (!run)
        abort();
    if (request->launch)
        json_object_set_new(run, "clientToken", json_string(token(request, i, &a)));
    arena_free(&a);
    add_placement(run, c);
    return run;
}
