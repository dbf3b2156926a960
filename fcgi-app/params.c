/* Readers of forms and of JSON, with one set of functions to ask for values. */
#include "params.h"

#include <stdbool.h>
#include <string.h>

#include "encode.h"
#include "multipart.h"

/* More than any honest request needs; finding duplicates takes time quadratic in it. */
enum { MAX_FIELDS = 1000 };

static bool is_repeatable(const char *name)
{
    return !strcmp(name, "taskdef") || !strcmp(name, "excludes") || !strcmp(name, "exclude_tags");
}

static const char *field_value(const struct params *p, const char *name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (!strcmp(p->fields[i].name, name))
            return p->fields[i].value;
    return NULL;
}

static int add_field(struct params *p, struct arena *a, const char *name, const char *value,
                     const char *what, size_t *cap, struct err *e)
{
    if (!is_repeatable(name) && field_value(p, name))
        return err_set(e, ERR_INVALID, "%s is given twice", name);
    if (p->n_fields == MAX_FIELDS)
        return err_set(e, ERR_INVALID, "%s has more than %d values", what, MAX_FIELDS);
    p->fields = arena_grow(a, p->fields, p->n_fields, cap, sizeof(*p->fields));
    p->fields[p->n_fields++] = (struct params_field){name, value};
    return 0;
}

/* One `name=value` at `offset` of the text. */
static int read_field(struct params *p, struct arena *a, const char *text, size_t len,
                      struct percent_input in, size_t *cap, struct err *e)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    char *name;
    char *value;

    if (percent_decode(a, text, name_len, &in, &name, e) < 0)
        return -1;
    in.offset += name_len + 1;
    if (!equals)
        value = arena_strdup(a, "");
    else if (percent_decode(a, equals + 1, len - name_len - 1, &in, &value, e) < 0)
        return -1;
    return add_field(p, a, name, value, in.what, cap, e);
}

int params_read_multipart(struct params *p, struct arena *a, char *body, size_t len,
                          const char *boundary, struct err *e)
{
    struct multipart_field field;
    size_t cap = 0;
    int rc;

    *p = (struct params){0};
    while ((rc = multipart_next(&body, &len, boundary, a, &field, e)) > 0)
        if (add_field(p, a, field.name, field.value, "the body", &cap, e) < 0)
            return -1;
    return rc;
}

int params_add_query(struct params *p, struct arena *a, const char *query, struct err *e)
{
    struct params more, all = *p;
    size_t cap = p->n_fields;

    if (params_read_form(&more, a, query, strlen(query), "the query string", e) < 0)
        return -1;
    for (size_t i = 0; i < more.n_fields; i++) {
        const struct params_field *field = &more.fields[i];
        if ((is_repeatable(field->name) || !field_value(p, field->name)) &&
            add_field(&all, a, field->name, field->value, "the request", &cap, e) < 0)
            return -1;
    }
    *p = all;
    return 0;
}

int params_read_form(struct params *p, struct arena *a, const char *text, size_t len,
                     const char *what, struct err *e)
{
    size_t cap = 0;
    size_t at = 0;

    *p = (struct params){0};
    while (at < len) {
        const char *amp = memchr(text + at, '&', len - at);
        size_t piece = amp ? (size_t)(amp - text) - at : len - at;
        struct percent_input in = {.what = what, .offset = at, .plus_is_space = true};

        if (piece > 0 && read_field(p, a, text + at, piece, in, &cap, e) < 0)
            return -1;
        at += piece + 1;
    }
    return 0;
}

int params_read_json(struct params *p, const char *text, size_t len, struct err *e)
{
    json_error_t error;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

    *p = (struct params){0};
    if (!json)
        return err_set(e, ERR_INVALID, "the JSON body is wrong at line %d, column %d: %s",
                       error.line, error.column, error.text);
    if (!json_is_object(json)) {
        json_decref(json);
        return err_set(e, ERR_INVALID, "the JSON body must be an object");
    }
    p->json = json;
    return 0;
}

void params_free(struct params *p)
{
    json_decref(p->json);
    p->json = NULL;
}

/* A member that was given; NULL when it was not. */
static const json_t *member(const struct params *p, const char *name)
{
    const json_t *value = json_object_get(p->json, name);

    return json_is_null(value) ? NULL : value;
}

int params_text(const struct params *p, const char *name, const char **value, struct err *e)
{
    const json_t *json;

    *value = NULL;
    if (!p->json) {
        *value = field_value(p, name);
        return 0;
    }
    json = member(p, name);
    if (json && !json_is_string(json))
        return err_set(e, ERR_INVALID, "%s must be a string", name);
    *value = json_string_value(json);
    return 0;
}

int params_subdomain(const struct params *p, struct arena *a, const char **subdomain, struct err *e)
{
    const char *given;
    char *lower;

    *subdomain = NULL;
    if (params_text(p, "subdomain", &given, e) < 0)
        return -1;
    if (!given || !*given)
        return 0;
    lower = arena_strdup(a, given);
    for (char *at = lower; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at += 'a' - 'A';
    *subdomain = lower;
    return 0;
}

int params_need_subdomain(const struct params *p, struct arena *a, const char **subdomain,
                          struct err *e)
{
    if (params_subdomain(p, a, subdomain, e) < 0)
        return -1;
    return *subdomain ? 0 : err_set(e, ERR_INVALID, "parameter required: subdomain");
}

int params_number_text(const struct params *p, struct arena *a, const char *name,
                       const char **value, struct err *e)
{
    const json_t *json = member(p, name);

    *value = NULL;
    if (json_is_integer(json)) {
        *value = arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        return 0;
    }
    if (json && !json_is_string(json))
        return err_set(e, ERR_INVALID, "%s must be an integer or a string", name);
    return params_text(p, name, value, e);
}

static int list_from_json(const struct params *p, struct arena *a, const char *name,
                          struct params_list *list, struct err *e)
{
    const json_t *json = member(p, name);
    bool ok = !json || json_is_string(json) || json_is_array(json);

    if (json_is_string(json)) {
        list->items = arena_array(a, 1, sizeof(*list->items));
        list->items[list->len++] = json_string_value(json);
        return 0;
    }
    if (json_array_size(json) > MAX_FIELDS)
        return err_set(e, ERR_INVALID, "%s has more than %d values", name, MAX_FIELDS);
    list->items = arena_array(a, json_array_size(json) + 1, sizeof(*list->items));
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *item = json_string_value(json_array_get(json, i));

        ok = ok && item;
        list->items[list->len++] = item;
    }
    if (!ok)
        return err_set(e, ERR_INVALID, "%s must be a string or an array of strings", name);
    return 0;
}

int params_list(const struct params *p, struct arena *a, const char *name, struct params_list *list,
                struct err *e)
{
    *list = (struct params_list){0};
    if (p->json)
        return list_from_json(p, a, name, list, e);
    list->items = arena_array(a, p->n_fields + 1, sizeof(*list->items));
    for (size_t i = 0; i < p->n_fields; i++)
        if (!strcmp(p->fields[i].name, name))
            list->items[list->len++] = p->fields[i].value;
    return 0;
}

int params_check_launch(const struct params *p, struct err *e)
{
    json_t *parameters = json_object_get(p->json, "parameters");
    const char *branch;
    const char *name;
    json_t *value;

    if (!p->json)
        return 0;
    if (params_text(p, "branch", &branch, e) < 0)
        return -1;
    if (!parameters || json_is_null(parameters))
        return 0;
    if (!json_is_object(parameters))
        return err_set(e, ERR_INVALID, "parameters must be an object");
    json_object_foreach (parameters, name, value) {
        if (!json_is_string(value) && !json_is_null(value))
            return err_set(e, ERR_INVALID, "%s must be a string", name);
    }
    return 0;
}

const char *params_launch(const struct params *p, const char *name)
{
    const char *value = NULL;

    if (!p->json)
        return field_value(p, name);
    if (!strcmp(name, "branch"))
        value = json_string_value(json_object_get(p->json, name));
    if (value && *value)
        return value;
    value = json_string_value(json_object_get(json_object_get(p->json, "parameters"), name));
    return value || !strcmp(name, "branch") ? value : field_value(p, name);
}
