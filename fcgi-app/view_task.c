#include "view_task.h"

#include <string.h>

#include "clock.h"
#include "json.h"

#include "environment_url.h"
#include "router.h"
#include "view.h"
#include "view_state.h"
#include "view_time.h"

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
    json_object_set_new(task, "url", environment_url(c, t->subdomain));
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
    json_object_set_new(task, "again_url", view_again_url(c->arena, t->subdomain, t->launch));
    return task;
}
