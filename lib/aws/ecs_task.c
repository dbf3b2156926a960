#include "ecs_task.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "clock.h"
#include "json.h"
#include "launch.h"
#include "pattern.h"
#include "ulid.h"

#include "json_call.h"

#define PORT_MAX 65535
#define DAY_MS   (24 * 60 * 60 * 1000)

/* --- tags --------------------------------------------------------------------------------------
 */

static const char *tag_of(const json_t *task, const char *key)
{
    const json_t *tag = json_find(json_object_get(task, "tags"), "key", key);

    return json_string_value(json_object_get(tag, "value"));
}

enum ecs_task_kind ecs_task_kind(const json_t *task, struct arena *a, const char **subdomain)
{
    const char *by = tag_of(task, "ManagedBy"), *encoded = tag_of(task, "Subdomain");
    char *text;

    *subdomain = NULL;
    if (!by || (strcmp(by, "mirage-ecs") != 0 && strcmp(by, "Mirage") != 0))
        return ECS_TASK_FOREIGN;
    text = encoded ? base64_decode(encoded, a) : NULL;
    if (!text || !pattern_is_subdomain(text))
        return ECS_TASK_BROKEN;
    *subdomain = text;
    return ECS_TASK_MANAGED;
}

/* The value's text; the value goes. */
static const char *dump(json_t *value, struct arena *a)
{
    const char *text = json_to_text(value, a);

    json_decref(value);
    return text;
}

/* As the API shows them: "Key" and "Value". */
static const char *tags_text(const json_t *task, struct arena *a)
{
    json_t *list = json_array();
    const json_t *tag;
    size_t i;

    json_array_foreach (json_object_get(task, "tags"), i, tag)
        json_array_append_new(list, json_pack("{s:s, s:s}", "Key", json_text(tag, "key", a),
                                              "Value", json_text(tag, "value", a)));
    return dump(list, a);
}

/* --- the rest ----------------------------------------------------------------------------------
 */

/* What was set in the containers at launch. All of ours get the same. */
static json_t *environment_of(const json_t *task)
{
    const json_t *overrides = json_object_get(task, "overrides"), *container, *pair;
    json_t *env = json_object();
    size_t i, k;

    json_array_foreach (json_object_get(overrides, "containerOverrides"), i, container)
        json_array_foreach (json_object_get(container, "environment"), k, pair) {
            const char *name = json_string_value(json_object_get(pair, "name"));
            if (name && !json_object_get(env, name))
                json_object_set(env, name, json_object_get(pair, "value"));
        }
    return env;
}

/* As it was given; the tag may have it with other characters. */
static const char *branch_of(const json_t *task, const json_t *env, struct arena *a)
{
    const char *branch = json_text(env, "GIT_BRANCH", a), *tag = tag_of(task, "branch");

    return *branch || !tag ? branch : arena_strdup(a, tag);
}

static const char *detail_of(const json_t *attachment, const char *name)
{
    const json_t *detail = json_find(json_object_get(attachment, "details"), "name", name);

    return json_string_value(json_object_get(detail, "value"));
}

/* The address of its network interface; of several the first that is not gone. */
static const char *address_of(const json_t *task, struct arena *a)
{
    const json_t *attachment, *interface;
    const char *address, *type, *status;
    size_t i;

    json_array_foreach (json_object_get(task, "attachments"), i, attachment) {
        type = json_string_value(json_object_get(attachment, "type"));
        status = json_string_value(json_object_get(attachment, "status"));
        address = detail_of(attachment, "privateIPv4Address");
        if (type && !strcmp(type, "ElasticNetworkInterface") && address && *address &&
            (!status || strcmp(status, "DELETED") != 0))
            return arena_strdup(a, address);
    }
    interface =
        json_array_get(json_object_get(json_array_get(json_object_get(task, "containers"), 0),
                                       "networkInterfaces"),
                       0);
    address = json_text(interface, "privateIpv4Address", a);
    return *address ? address : json_text(interface, "ipv6Address", a);
}

/* The ports of a task while they are collected. */
struct collected {
    struct task *task;
    struct arena *arena;
    size_t cap;
};

static void add_port(struct collected *c, const json_t *container, long port)
{
    struct task *t = c->task;

    if (port < 1 || port > PORT_MAX)
        return;
    t->ports = arena_grow(c->arena, t->ports, t->n_ports, &c->cap, sizeof *t->ports);
    t->ports[t->n_ports++] = (struct task_port){.container = json_text(container, "name", c->arena),
                                                .container_port = (int)port,
                                                .address = t->ipaddress,
                                                .port = (int)port};
}

/* Of a range such as "3000-3010": the ports that requests are sent to. If there is none, the first
 * one tells that the container has ports. */
static void add_range(struct collected *c, const json_t *container, const char *range,
                      const struct config *config)
{
    char *dash, *end;
    long first = strtol(range, &dash, 10), last = *dash == '-' ? strtol(dash + 1, &end, 10) : 0;
    size_t before = c->task->n_ports;

    if (*dash != '-' || *end || first < 1 || last > PORT_MAX || first > last)
        return;
    for (size_t i = 0; i < config->listen.n_http; i++) {
        long target = config->listen.http[i].target;
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || config->listen.http[k].target == target;
        if (!again && target >= first && target <= last)
            add_port(c, container, target);
    }
    if (c->task->n_ports == before)
        add_port(c, container, first);
}

/* The container ports that its task definition maps over TCP. */
static void set_ports(struct task *t, const json_t *definition, const struct config *config,
                      struct arena *a)
{
    struct collected c = {.task = t, .arena = a};
    const json_t *container, *mapping;
    size_t i, k;

    json_array_foreach (json_object_get(definition, "containerDefinitions"), i, container)
        json_array_foreach (json_object_get(container, "portMappings"), k, mapping) {
            const char *protocol = json_string_value(json_object_get(mapping, "protocol"));
            const char *range = json_string_value(json_object_get(mapping, "containerPortRange"));
            if (protocol && strcmp(protocol, "tcp") != 0)
                continue;
            if (range)
                add_range(&c, container, range, config);
            else
                add_port(&c, container,
                         (long)json_integer_value(json_object_get(mapping, "containerPort")));
        }
}

static const char *last_part(const char *text, char separator)
{
    const char *last = strrchr(text, separator);

    return last ? last + 1 : text;
}

/* stoppedReason, and which containers ended how. */
static const char *stopped_reason(const json_t *task, struct arena *a)
{
    const char *text = json_text(task, "stoppedReason", a);
    const json_t *container;
    size_t i;

    json_array_foreach (json_object_get(task, "containers"), i, container) {
        const json_t *code = json_object_get(container, "exitCode");
        const char *name = json_text(container, "name", a);
        const char *reason = json_text(container, "reason", a);
        if (*reason && !strstr(text, reason))
            text = arena_printf(a, "%s%s%s: %s", text, *text ? "; " : "", name, reason);
        if (json_is_integer(code) && json_integer_value(code) != 0)
            text = arena_printf(a, "%s%s%s: exit code %d", text, *text ? "; " : "", name,
                                (int)json_integer_value(code));
    }
    return text;
}

/* ECS says what is meant to be in desiredStatus; on its last stages a task is meant to stop. */
static const char *desired_status(const char *desired, const char *last)
{
    static const char *const ending[] = {"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
                                         "DELETED"};

    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
        if (!strcmp(last, ending[i]))
            return "STOPPED";
    return !strcmp(desired, "STOPPED") ? desired : "RUNNING";
}

/* Whether an essential container has a health check. */
static bool has_check(const json_t *definition)
{
    const json_t *container, *essential;
    size_t i;

    json_array_foreach (json_object_get(definition, "containerDefinitions"), i, container) {
        essential = json_object_get(container, "essential");
        if (json_object_get(container, "healthCheck") && (!essential || json_is_true(essential)))
            return true;
    }
    return false;
}

/* healthStatus is UNKNOWN, too, where there is no check. */
static enum task_health health_of(const json_t *task, const json_t *definition, struct arena *a)
{
    enum task_health health = task_health_of(json_text(task, "healthStatus", a));

    return health == TASK_HEALTH_UNKNOWN && !has_check(definition) ? TASK_NO_CHECK : health;
}

/* Whoever edits a tag may write anything: an id of next year would be the newest until then. */
static const char *launch_of(const json_t *task, struct arena *a)
{
    const char *id = tag_of(task, LAUNCH_TAG);
    bool sane = id && ulid_is_valid(id) && ulid_ms(id) < clock_now_ms() + DAY_MS;

    return sane ? arena_strdup(a, id) : "";
}

struct task ecs_task(const json_t *task, const char *subdomain, const json_t *definition,
                     const struct config *config, struct arena *a)
{
    json_t *env = environment_of(task);
    const char *last = json_text(task, "lastStatus", a);
    struct task t = {
        .arn = json_text(task, "taskArn", a),
        .subdomain = subdomain,
        .launch = launch_of(task, a),
        .branch = branch_of(task, env, a),
        .taskdef = last_part(json_text(task, "taskDefinitionArn", a), '/'),
        .ipaddress = address_of(task, a),
        .last_status = strcmp(last, "DELETED") != 0 ? last : "STOPPED",
        .desired_status = desired_status(json_text(task, "desiredStatus", a), last),
        .env = dump(env, a),
        .tags = tags_text(task, a),
        .stopped_reason = "",
        .stop_code = json_text(task, "stopCode", a),
        .health = health_of(task, definition, a),
        .created_at = json_time_ms(task, "createdAt"),
        .started_at = json_time_ms(task, "startedAt"),
        .stopped_at = json_time_ms(task, "stoppedAt"),
    };

    t.short_id = last_part(t.arn, '/');
    t.ports_unknown = !definition;
    if (!strcmp(t.desired_status, "STOPPED"))
        t.stopped_reason = stopped_reason(task, a);
    set_ports(&t, definition, config, a);
    return t;
}

/* --- its life ----------------------------------------------------------------------------------
 */

static const char *stop_detail(const json_t *task, struct arena *a)
{
    const char *code = json_text(task, "stopCode", a),
               *reason = json_text(task, "stoppedReason", a);

    return arena_printf(a, "%s%s%s", code, *code && *reason ? ": " : "", reason);
}

static int by_time(const void *left, const void *right)
{
    const struct trace_event *l = left, *r = right;

    return l->time_ms < r->time_ms ? -1 : l->time_ms > r->time_ms;
}

void ecs_task_trace(const json_t *task, struct arena *a, struct trace *trace)
{
    /* In the order of a task's life: Amazon ECS Developer Guide, "Task lifecycle". */
    static const struct {
        const char *key, *what;
    } steps[] = {
        {"createdAt", "created"},
        {"connectivityAt", "connected to its network"},
        {"pullStartedAt", "pulling its images"},
        {"pullStoppedAt", "pulled its images"},
        {"startedAt", "started"},
        {"stoppingAt", "stopping"},
        {"executionStoppedAt", "its containers have ended"},
        {"stoppedAt", "stopped"},
    };
    const size_t n_steps = sizeof steps / sizeof steps[0];
    const json_t *containers = json_object_get(task, "containers"), *container;
    size_t i;

    trace->stop_code = json_text(task, "stopCode", a);
    trace->stopped_reason = json_text(task, "stoppedReason", a);
    trace->events = arena_array(a, n_steps, sizeof *trace->events);
    for (i = 0; i < n_steps; i++) {
        bool ends = !strcmp(steps[i].key, "stoppingAt") || !strcmp(steps[i].key, "stoppedAt");
        int64_t at = json_time_ms(task, steps[i].key);
        if (at)
            trace->events[trace->n_events++] =
                (struct trace_event){at, steps[i].what, ends ? stop_detail(task, a) : ""};
    }
    qsort(trace->events, trace->n_events, sizeof *trace->events, by_time);
    trace->containers = arena_array(a, json_array_size(containers), sizeof *trace->containers);
    json_array_foreach (containers, i, container) {
        const json_t *code = json_object_get(container, "exitCode");
        trace->containers[trace->n_containers++] = (struct trace_container){
            .name = json_text(container, "name", a),
            .exit_code =
                json_is_integer(code) ? arena_printf(a, "%d", (int)json_integer_value(code)) : "",
            .reason = json_text(container, "reason", a),
            .last_status = json_text(container, "lastStatus", a),
            .health = json_text(container, "healthStatus", a),
        };
    }
}
