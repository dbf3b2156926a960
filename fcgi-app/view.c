/* Tasks as JSON. Values that templates put into a URL are escaped for that here. The template
 * engine escapes HTML. */
#include "view.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "pattern.h"

#include "authenticate.h"
#include "cross_site.h"
#include "encode.h"
#include "router.h"

json_t *view_text(const char *text)
{
    return utf8_json(text ? text : "", text ? strlen(text) : 0);
}

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

static void write_age(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
    if (ms < MINUTE_MS)
        strcpy(text, "just now");
    else if (ms < HOUR_MS)
        snprintf(text, CLOCK_TEXT_SIZE, "%d min ago", (int)(ms / MINUTE_MS));
    else if (ms < 2 * DAY_MS)
        snprintf(text, CLOCK_TEXT_SIZE, "%d h ago", (int)(ms / HOUR_MS));
    else
        snprintf(text, CLOCK_TEXT_SIZE, "%lld d ago", (long long)(ms / DAY_MS));
}

json_t *view_time(int64_t ms)
{
    char iso[CLOCK_TEXT_SIZE];
    char text[CLOCK_TEXT_SIZE];
    char ago[CLOCK_TEXT_SIZE];

    if (ms == 0)
        return json_null();
    clock_rfc3339(ms, iso);
    strcpy(text, iso);
    text[10] = ' ';
    text[19] = '\0';
    write_age(clock_now_ms() - ms, ago);
    return json_pack("{s:s,s:s,s:s}", "text", text, "iso", iso, "ago", ago);
}

const char *view_duration(struct arena *a, int64_t ms)
{
    if (ms < SECOND_MS)
        return arena_printf(a, "%d ms", (int)(ms > 0 ? ms : 0));
    if (ms < MINUTE_MS)
        return arena_printf(a, "%.1f s", (double)(ms / 100) / 10);
    if (ms < HOUR_MS)
        return arena_printf(a, "%d min %d s", (int)(ms / MINUTE_MS),
                            (int)(ms % MINUTE_MS / SECOND_MS));
    if (ms < DAY_MS)
        return arena_printf(a, "%d h %d min", (int)(ms / HOUR_MS), (int)(ms % HOUR_MS / MINUTE_MS));
    return arena_printf(a, "%lld d %d h", (long long)(ms / DAY_MS), (int)(ms % DAY_MS / HOUR_MS));
}

json_t *view_url(struct arena *a, const char *before, const char *name)
{
    return view_text(arena_printf(a, "%s%s", before, escape_url(a, name)));
}

/* Stored JSON text, or an empty value of its type when it is not that. */
static json_t *stored_json(const char *text, json_type type)
{
    json_t *json = json_loads(text, 0, NULL);

    if (json && json_typeof(json) == type)
        return json;
    json_decref(json);
    return type == JSON_OBJECT ? json_object() : json_array();
}

static json_t *port_map(const struct task *t)
{
    json_t *map = json_object();

    for (size_t i = 0; i < t->n_ports; i++)
        if (t->ports[i].container_port != 0 && !json_object_get(map, t->ports[i].container))
            json_object_set_new(map, t->ports[i].container,
                                json_integer(t->ports[i].container_port));
    return map;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, view_text(text));
}

json_t *view_task_api(const struct task *t)
{
    char created[CLOCK_TEXT_SIZE] = "0001-01-01T00:00:00Z";
    json_t *task = json_object();

    if (t->started_at != 0)
        clock_rfc3339(t->started_at, created);
    set_text(task, "id", t->arn);
    set_text(task, "short_id", t->short_id);
    set_text(task, "subdomain", t->subdomain);
    set_text(task, "branch", t->branch);
    set_text(task, "taskdef", t->taskdef);
    set_text(task, "ipaddress", t->ipaddress);
    set_text(task, "created", created);
    set_text(task, "last_status", t->last_status);
    json_object_set_new(task, "port_map", port_map(t));
    json_object_set_new(task, "env", stored_json(t->env, JSON_OBJECT));
    json_object_set_new(task, "tags", stored_json(t->tags, JSON_ARRAY));
    return task;
}

enum view_state view_state(const struct config *config, const struct task *t)
{
    bool reached = false;

    if (!strcmp(t->last_status, "STOPPED"))
        return task_was_told_to_stop(t) ? VIEW_STOPPED : VIEW_FAILED;
    if (!task_is_live(t))
        return VIEW_STOPPING;
    if (!strcmp(t->last_status, "PROVISIONING"))
        return VIEW_PROVISIONING;
    if (!strcmp(t->last_status, "PENDING"))
        return VIEW_PENDING;
    if (strcmp(t->last_status, "RUNNING") != 0)
        return VIEW_STARTING;
    for (size_t i = 0; i < t->n_ports; i++) {
        if (!t->ports[i].ready)
            return VIEW_STARTING;
        reached = reached || config_has_target(config, t->ports[i].container_port);
    }
    return reached ? VIEW_READY : VIEW_RUNNING;
}

const char *view_state_word(enum view_state state)
{
    static const char *const words[] = {
        [VIEW_PROVISIONING] = "provisioning", [VIEW_PENDING] = "pending",
        [VIEW_STARTING] = "starting",         [VIEW_READY] = "ready",
        [VIEW_RUNNING] = "running",           [VIEW_STOPPING] = "stopping",
        [VIEW_STOPPED] = "stopped",           [VIEW_FAILED] = "failed",
    };

    return words[state];
}

/* ":8080" when the client came by a port of its own, else "". */
static const char *request_port(struct call *c)
{
    const char *host = cross_site_authority(c->request, c->arena, peer_is_trusted(c));
    const char *colon = strrchr(host, ':');

    if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
        return "";
    return colon;
}

json_t *view_environment_url(struct call *c, const char *subdomain)
{
    const char *proto = request_variable(c->request, "HTTP_X_FORWARDED_PROTO");

    if (pattern_has_meta(subdomain))
        return json_null();
    return view_text(arena_printf(c->arena, "%s://%s%s%s/",
                                  !strcmp(proto, "https") ? "https" : "http",
                                  escape_url(c->arena, subdomain),
                                  c->with->config->host.reverse_proxy_suffix, request_port(c)));
}

json_t *view_parameters(const struct config *config, const struct task *t)
{
    json_t *list = json_array();
    json_t *tags = stored_json(t->tags, JSON_ARRAY);

    for (size_t i = 0; i < config->n_parameters; i++) {
        const char *name = config->parameters[i].name;
        const char *value = json_member(json_find(tags, "Key", name), "Value");

        if (*value && strcmp(name, "branch") != 0)
            json_array_append_new(
                list, json_pack("{s:o,s:o}", "name", view_text(name), "value", view_text(value)));
    }
    json_decref(tags);
    return list;
}

json_t *view_task_page(struct call *c, const struct task *t)
{
    json_t *task = json_object();

    set_text(task, "id", t->arn);
    set_text(task, "short_id", t->short_id);
    set_text(task, "subdomain", t->subdomain);
    json_object_set_new(task, "url", view_environment_url(c, t->subdomain));
    set_text(task, "branch", t->branch);
    set_text(task, "taskdef", t->taskdef);
    set_text(task, "ipaddress", t->ipaddress);
    set_text(task, "last_status", t->last_status);
    set_text(task, "state", view_state_word(view_state(c->with->config, t)));
    json_object_set_new(task, "live", json_boolean(task_is_live(t)));
    json_object_set_new(task, "created_at", view_time(t->created_at));
    json_object_set_new(task, "started_at", view_time(t->started_at));
    json_object_set_new(task, "stopped_at", view_time(t->stopped_at));
    set_text(task, "stopped_reason", t->stopped_reason);
    json_object_set_new(task, "parameters", view_parameters(c->with->config, t));
    json_object_set_new(task, "logs_url", view_url(c->arena, "/logs/", t->subdomain));
    json_object_set_new(task, "trace_url", view_url(c->arena, "/trace/", t->short_id));
    json_object_set_new(task, "again_url", view_url(c->arena, "/launcher?again=", t->subdomain));
    return task;
}
