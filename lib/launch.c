#include "launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "json.h"

/* Base64 (RFC 4648, section 4; section 5 when url_safe), padded. The caller frees. */
static char *base64(const char *text, bool url_safe)
{
    size_t len = strlen(text);
    char *out = malloc(len / 3 * 4 + 5);

    if (!out)
        abort();
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    for (char *p = out; url_safe && *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    return out;
}

json_t *launch_env(const struct launch_request *request, bool compat_v1)
{
    json_t *env = json_object();
    char *encoded = base64(request->subdomain, false);

    json_object_set_new(env, "SUBDOMAIN", json_string(compat_v1 ? encoded : request->subdomain));
    json_object_set_new(env, "SUBDOMAINRAW", json_string(request->subdomain));
    for (size_t i = 0; i < request->n_params; i++)
        json_object_set_new(env, request->params[i].env, json_string(request->params[i].value));
    free(encoded);
    return env;
}

static void add_tag(json_t *tags, const char *key, const char *value)
{
    json_array_append_new(tags, json_pack("{s:s, s:s}", "Key", key, "Value", value));
}

json_t *launch_tags(const struct launch_request *request)
{
    json_t *tags = json_array();
    char *encoded = base64(request->subdomain, true);
    char number[24];

    add_tag(tags, "ManagedBy", "mirage-ecs");
    add_tag(tags, "Subdomain", encoded);
    if (request->launch)
        add_tag(tags, LAUNCH_TAG, request->launch);
    if (request->launch && request->n_taskdefs > 1) {
        snprintf(number, sizeof number, "%zu", request->n_taskdefs);
        add_tag(tags, LAUNCH_TASKS_TAG, number);
    }
    for (size_t i = 0; i < request->n_params; i++)
        add_tag(tags, request->params[i].name, request->params[i].value);
    free(encoded);
    return tags;
}

char *launch_to_json(const struct launch_request *request, struct arena *a)
{
    json_t *taskdefs = json_array(), *params = json_object(), *all;
    char *text;

    for (size_t i = 0; i < request->n_taskdefs; i++)
        json_array_append_new(taskdefs, json_string(request->taskdefs[i]));
    for (size_t i = 0; i < request->n_params; i++)
        json_object_set_new(params, request->params[i].name, json_string(request->params[i].value));
    all = json_pack("{s:s, s:o, s:o}", "subdomain", request->subdomain, "taskdef", taskdefs,
                    "parameters", params);
    text = json_to_text(all, a);
    json_decref(all);
    return text;
}

const char *launch_branch(const struct launch_request *request)
{
    for (size_t i = 0; i < request->n_params; i++)
        if (!strcmp(request->params[i].name, "branch"))
            return request->params[i].value;
    return "";
}
