#include "ecs_launch_check.h"

#include <stdbool.h>
#include <string.h>

#include "json.h"

#include "ecs_launch.h"

/* Characters, JSON's own included (Amazon ECS API Reference, RunTask). */
#define OVERRIDES_MAX 8192

static const char *text_of(const json_t *definition, const char *key)
{
    const char *text = json_string_value(json_object_get(definition, key));

    return text ? text : "";
}

/* How the tasks are started: FARGATE, EC2 or EXTERNAL; NULL when a provider of the user's decides.
 */
static const char *launch_type(const struct config *c)
{
    if (c->ecs.n_capacity_provider_strategy == 0)
        return c->ecs.launch_type;
    for (size_t i = 0; i < c->ecs.n_capacity_provider_strategy; i++)
        if (strncmp(c->ecs.capacity_provider_strategy[i].capacity_provider, "FARGATE", 7) != 0)
            return NULL;
    return "FARGATE";
}

static bool is_compatible(const json_t *definition, const char *type)
{
    const json_t *all = json_object_get(definition, "compatibilities"), *one;
    size_t i;

    json_array_foreach (all, i, one)
        if (json_is_string(one) && !strcmp(json_string_value(one), type))
            return true;
    return json_array_size(all) == 0; /* nobody has said */
}

/* Whether awsvpc and a network configuration go together. */
static const char *network_problem(const struct config *c, const json_t *definition,
                                   struct arena *a)
{
    const bool given = c->ecs.network_configuration.awsvpc_configuration.subnets.len > 0;
    const char *mode = text_of(definition, "networkMode");

    if (!*mode || given == !strcmp(mode, "awsvpc"))
        return NULL;
    return given
               ? arena_printf(a,
                              "its networkMode is %s, which takes no network configuration: remove "
                              "ecs.network_configuration, or set its networkMode to awsvpc",
                              mode)
               : "its networkMode awsvpc needs "
                 "ecs.network_configuration.awsvpc_configuration.subnets";
}

/* Characters, as ECS counts them. */
static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const char *size_problem(const struct config *c, const struct launch_request *request,
                                const json_t *definition, struct arena *a)
{
    json_t *overrides = ecs_launch_overrides(c, request, definition);
    size_t size = characters(json_to_text(overrides, a)), longest = 0;
    size_t containers = json_array_size(json_object_get(definition, "containerDefinitions"));

    json_decref(overrides);
    if (size <= OVERRIDES_MAX)
        return NULL;
    for (size_t i = 1; i < request->n_params; i++)
        if (strlen(request->params[i].value) > strlen(request->params[longest].value))
            longest = i;
    return arena_printf(a,
                        "the environment of its %zu containers comes to %zu characters, and ECS "
                        "takes %d: shorten the parameters%s%s",
                        containers, size, OVERRIDES_MAX, request->n_params ? ", first " : "",
                        request->n_params ? request->params[longest].name : "");
}

const char *ecs_launch_problem(const struct config *c, const struct launch_request *request,
                               const json_t *definition, struct arena *a)
{
    const char *status = text_of(definition, "status"), *type = launch_type(c), *network;

    if (*status && strcmp(status, "ACTIVE") != 0)
        return arena_printf(a, "its status is %s: register a revision, or name one that is ACTIVE",
                            status);
    if (c->ecs.enable_execute_command && !*text_of(definition, "taskRoleArn"))
        return "it has no taskRoleArn, which ecs.enable_execute_command (true unless it is set) "
               "needs: give it one, or set ecs.enable_execute_command to false";
    if (type && !is_compatible(definition, type))
        return arena_printf(a,
                            "it cannot be launched on %s: change its requiresCompatibilities, or "
                            "ecs.launch_type",
                            type);
    network = network_problem(c, definition, a);
    return network ? network : size_problem(c, request, definition, a);
}
