/* YAML to struct config, by the schema. Every complaint names file, line and key. */
#include "ascii.h"

#include "config_schema.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "config_merge.h"
#include "config_value.h"

#define KEY_MAX 256

struct reader {
    yaml_document_t document;
    struct arena *arena;
    const char *path;
    void (*warn)(const char *text);
    char key[KEY_MAX]; /* of the node being read: "listen.http[0].target" */
};

static int read_fields(struct reader *r, const struct config_field *fields, yaml_node_t *node,
                       char *base, struct err *e);

static int complain(struct reader *r, const yaml_node_t *node, struct err *e, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
static int complain(struct reader *r, const yaml_node_t *node, struct err *e, const char *format,
                    ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(e, ERR_INVALID, "%s:%zu: %s%s%s", r->path, node->start_mark.line + 1, r->key,
                   *r->key ? ": " : "", text);
}

static const char *kind_of(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE  ? "a list"
           : node->type == YAML_MAPPING_NODE ? "a mapping"
                                             : "a value";
}

static bool is_null(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;

    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* The scalar's text; NULL with an error when it is none. */
static const char *scalar(struct reader *r, const yaml_node_t *node, const char *expected,
                          struct err *e)
{
    const char *text = (const char *)node->data.scalar.value;

    if (node->type != YAML_SCALAR_NODE) {
        complain(r, node, e, "expected %s, got %s", expected, kind_of(node));
        return NULL;
    }
    if (strlen(text) != node->data.scalar.length) {
        complain(r, node, e, "contains a NUL character");
        return NULL;
    }
    return text;
}

static int read_integer(struct reader *r, const struct config_field *f, const yaml_node_t *node,
                        long *value, struct err *e)
{
    const char *text = scalar(r, node, "a number", e);
    char *end;

    if (!text)
        return -1;
    errno = 0;
    *value = strtol(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || *value < f->min || *value > f->max)
        return complain(r, node, e, "expected a number from %ld to %ld, got '%s'", f->min, f->max,
                        text);
    return 0;
}

/* The words of YAML 1.1 (Boolean Language-Independent Type), which Go's yaml takes too. */
static int read_bool(struct reader *r, const yaml_node_t *node, bool *value, struct err *e)
{
    static const char *const yes[] = {"true", "yes", "on", "y"};
    static const char *const no[] = {"false", "no", "off", "n"};
    const char *text = scalar(r, node, "true or false", e);

    if (!text)
        return -1;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        *value = !strcasecmp(text, yes[i]);
        if (*value || !strcasecmp(text, no[i]))
            return 0;
    }
    return complain(r, node, e, "expected true or false, got '%s'", text);
}

static int read_duration(struct reader *r, const struct config_field *f, const yaml_node_t *node,
                         int64_t *value, struct err *e)
{
    const char *text = scalar(r, node, "a duration", e);

    if (!text)
        return -1;
    if (config_duration(text, value) < 0)
        return complain(r, node, e,
                        "expected a duration such as 500ms, 30s, 1m30s or 720h, got '%s'", text);
    if (*value < f->min)
        return complain(r, node, e, "expected a duration longer than 0, got '%s'", text);
    return 0;
}

static int read_host(struct reader *r, const struct config_field *f, const yaml_node_t *node,
                     const char **value, struct err *e)
{
    bool suffix = f->type == CONFIG_SUFFIX;
    const char *text = scalar(r, node, "a host name", e);
    char *copy;

    if (!text)
        return -1;
    copy = arena_printf(r->arena, "%s%s", suffix && *text != '.' ? "." : "", text);
    ascii_lower_text(copy);
    if (!config_is_host(copy) || (!suffix && *copy == '.') || !strcmp(copy, "."))
        return complain(r, node, e, "expected %s, got '%s'",
                        suffix ? "a domain such as .dev.example.net"
                               : "a host name such as mirage.dev.example.net",
                        text);
    *value = copy;
    return 0;
}

/* A text, checked as one of the field's type. */
static int read_string(struct reader *r, const struct config_field *f, const yaml_node_t *node,
                       const char **value, struct err *e)
{
    const char *text = scalar(r, node, "a text", e);
    struct err why;

    if (!text)
        return -1;
    if (config_check_text(f, text, &why) < 0)
        return complain(r, node, e, "%s", why.text);
    *value = arena_strdup(r->arena, text);
    return 0;
}

static size_t sequence_len(const yaml_node_t *node)
{
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

static yaml_node_t *sequence_item(struct reader *r, const yaml_node_t *node, size_t i)
{
    return yaml_document_get_node(&r->document, node->data.sequence.items.start[i]);
}

/* Appends a name, or an index, to r->key; returns the length to cut it back to. */
static size_t push_name(struct reader *r, const char *name)
{
    size_t len = strlen(r->key);

    snprintf(r->key + len, KEY_MAX - len, "%s%s", len ? "." : "", name);
    return len;
}

static size_t push_index(struct reader *r, size_t i)
{
    size_t len = strlen(r->key);

    snprintf(r->key + len, KEY_MAX - len, "[%zu]", i);
    return len;
}

static int read_strings(struct reader *r, const struct config_field *f, yaml_node_t *node,
                        struct config_strings *list, struct err *e)
{
    size_t n;

    if ((f->type == CONFIG_SECRETS || f->one_or_list) && node->type == YAML_SCALAR_NODE) {
        list->items = arena_array(r->arena, 1, sizeof *list->items);
        list->len = 1;
        return read_string(r, f, node, &list->items[0], e);
    }
    if (node->type != YAML_SEQUENCE_NODE)
        return complain(r, node, e, "expected a list, got %s", kind_of(node));
    n = sequence_len(node);
    if (f->max && n > (size_t)f->max)
        return complain(r, node, e, "expected at most %ld entries", f->max);
    list->items = arena_array(r->arena, n, sizeof *list->items);
    list->len = n;
    for (size_t i = 0; i < n; i++) {
        size_t cut = push_index(r, i);
        if (read_string(r, f, sequence_item(r, node, i), &list->items[i], e) < 0)
            return -1;
        r->key[cut] = '\0';
    }
    return 0;
}

static int read_integers(struct reader *r, const struct config_field *f, yaml_node_t *node,
                         char *base, struct err *e)
{
    size_t n;
    long *values;

    if (node->type != YAML_SEQUENCE_NODE)
        return complain(r, node, e, "expected a list, got %s", kind_of(node));
    n = sequence_len(node);
    if (f->most && n > f->most)
        return complain(r, node, e, "expected at most %zu entries, got %zu", f->most, n);
    values = arena_array(r->arena, n, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        size_t cut = push_index(r, i);
        if (read_integer(r, f, sequence_item(r, node, i), &values[i], e) < 0)
            return -1;
        r->key[cut] = '\0';
    }
    *(long **)(void *)(base + f->offset) = values;
    *(size_t *)(void *)(base + f->count) = n;
    return 0;
}

/* A bare value where an entry of a list is a mapping: says what to write for it. */
static int complain_bare(struct reader *r, const struct config_field *f, const yaml_node_t *item,
                         struct err *e)
{
    const char *text = (const char *)item->data.scalar.value;

    for (f = f->sub; f->key; f++)
        if (f->required)
            return complain(r, item, e, "expected a mapping, got a value; write `- %s: %.100s`",
                            f->key, text);
    return complain(r, item, e, "expected a mapping, got a value");
}

static int read_list(struct reader *r, const struct config_field *f, yaml_node_t *node, char *base,
                     struct err *e)
{
    bool one = f->one_or_list && node->type == YAML_MAPPING_NODE;
    char *items;
    size_t n;

    if (!one && node->type != YAML_SEQUENCE_NODE)
        return complain(r, node, e, "expected a list, got %s", kind_of(node));
    n = one ? 1 : sequence_len(node);
    if (n < (size_t)f->min)
        return complain(r, node, e, "expected at least one entry");
    items = arena_array(r->arena, n, f->size);
    for (size_t i = 0; i < n; i++) {
        size_t cut = push_index(r, i);
        yaml_node_t *item = one ? node : sequence_item(r, node, i);
        if (item->type == YAML_SCALAR_NODE)
            return complain_bare(r, f, item, e);
        if (read_fields(r, f->sub, item, items + i * f->size, e) < 0)
            return -1;
        if (f->line)
            *(size_t *)(void *)(items + i * f->size + f->line) = item->start_mark.line + 1;
        r->key[cut] = '\0';
    }
    *(char **)(void *)(base + f->offset) = items;
    *(size_t *)(void *)(base + f->count) = n;
    return 0;
}

static bool has_key(struct reader *r, const yaml_node_t *node, const char *key,
                    const yaml_node_pair_t *before)
{
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < before; p++) {
        yaml_node_t *k = yaml_document_get_node(&r->document, p->key);
        if (k->type == YAML_SCALAR_NODE && !strcmp((char *)k->data.scalar.value, key) &&
            !is_null(yaml_document_get_node(&r->document, p->value)))
            return true;
    }
    return false;
}

/* A mapping whose keys are names: CONFIG_NAMED and CONFIG_PAIRS. */
static int read_named(struct reader *r, const struct config_field *f, yaml_node_t *node, char *base,
                      struct err *e)
{
    size_t n, size = f->type == CONFIG_PAIRS ? sizeof(struct config_pair) : f->size;
    char *items;

    if (node->type != YAML_MAPPING_NODE)
        return complain(r, node, e, "expected a mapping, got %s", kind_of(node));
    n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    items = arena_array(r->arena, n, size);
    for (size_t i = 0; i < n; i++) {
        yaml_node_pair_t pair = node->data.mapping.pairs.start[i];
        yaml_node_t *value = yaml_document_get_node(&r->document, pair.value);
        const char *name = scalar(r, yaml_document_get_node(&r->document, pair.key), "a name", e),
                   *text;
        size_t cut;
        if (!name)
            return -1;
        cut = push_name(r, name);
        if (has_key(r, node, name, &node->data.mapping.pairs.start[i]))
            return complain(r, yaml_document_get_node(&r->document, pair.key), e, "is given twice");
        *(const char **)(void *)(items + i * size) = arena_strdup(r->arena, name);
        if (f->type == CONFIG_PAIRS) {
            if (!(text = scalar(r, value, "a text", e)))
                return -1;
            ((struct config_pair *)(void *)(items + i * size))->value =
                arena_strdup(r->arena, text);
        } else if (!is_null(value) && read_fields(r, f->sub, value, items + i * size, e) < 0)
            return -1;
        r->key[cut] = '\0';
    }
    *(char **)(void *)(base + f->offset) = items;
    *(size_t *)(void *)(base + f->count) = n;
    return 0;
}

static int read_value(struct reader *r, const struct config_field *f, yaml_node_t *node, char *base,
                      struct err *e)
{
    void *at = base + f->offset;

    switch (f->type) {
    case CONFIG_STRING:
    case CONFIG_ADDRESS:
    case CONFIG_LISTEN:
    case CONFIG_CHOICE:
    case CONFIG_SCHEDULE:
    case CONFIG_SECONDS:
    case CONFIG_REGEX:
    case CONFIG_ENV_NAME:
    case CONFIG_HEADER:
    case CONFIG_KEY_URL:
    case CONFIG_SECRET:
        return read_string(r, f, node, at, e);
    case CONFIG_HOST:
    case CONFIG_SUFFIX:
        return read_host(r, f, node, at, e);
    case CONFIG_INTEGER:
        return read_integer(r, f, node, at, e);
    case CONFIG_BOOL:
        return read_bool(r, node, at, e);
    case CONFIG_DURATION:
        return read_duration(r, f, node, at, e);
    case CONFIG_STRINGS:
    case CONFIG_PATTERNS:
    case CONFIG_AGENTS:
    case CONFIG_PATHS:
    case CONFIG_NETWORKS:
    case CONFIG_SECRETS:
        return read_strings(r, f, node, at, e);
    case CONFIG_INTEGERS:
        return read_integers(r, f, node, base, e);
    case CONFIG_PAIRS:
    case CONFIG_NAMED:
        return read_named(r, f, node, base, e);
    case CONFIG_LIST:
        return read_list(r, f, node, base, e);
    case CONFIG_SECTION:
        if (f->present)
            *(bool *)(void *)(base + f->present) = true;
        if (f->line)
            *(size_t *)(void *)(base + f->line) = node->start_mark.line + 1;
        return read_fields(r, f->sub, node, base, e);
    }
    return 0;
}

static const struct config_field *find_field(const struct config_field *fields, const char *key)
{
    for (; fields->key; fields++)
        if (!strcmp(fields->key, key) || (fields->older_key && !strcmp(fields->older_key, key)))
            return fields;
    return NULL;
}

/* Whether the field stands before `before`, by either of its names. */
static bool has_either(struct reader *r, const yaml_node_t *node, const struct config_field *f,
                       const yaml_node_pair_t *before)
{
    return has_key(r, node, f->key, before) ||
           (f->older_key && has_key(r, node, f->older_key, before));
}

/* The key that this one is but for the case of its letters, NULL. Taken for unknown, `Auth` would
 * let everybody in. */
static const char *other_case(const struct config_field *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (!strcasecmp(fields->key, key))
            return fields->key;
        if (fields->older_key && !strcasecmp(fields->older_key, key))
            return fields->older_key;
    }
    return NULL;
}

static void warn_of_key(struct reader *r, const yaml_node_t *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void warn_of_key(struct reader *r, const yaml_node_t *key, const char *format, ...)
{
    char text[KEY_MAX + 512], why[256];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s:%zu: %s: %s", r->path, key->start_mark.line + 1, r->key, why);
    r->warn(text);
}

/* The section `storage` of the reference's first versions, whose `htmldir` moved up. Its `datadir`
 * never did anything. */
static int read_storage(struct reader *r, const yaml_node_t *key, yaml_node_t *node,
                        struct config *config, struct err *e)
{
    if (node->type != YAML_MAPPING_NODE) {
        warn_of_key(r, key, "unknown key, ignored");
        return 0;
    }
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        yaml_node_t *inner = yaml_document_get_node(&r->document, p->key);
        const char *name = scalar(r, inner, "a key", e), *text;
        size_t cut;
        if (!name)
            return -1;
        cut = push_name(r, name);
        if (strcmp(name, "htmldir") != 0)
            warn_of_key(r, inner, "unknown key, ignored");
        else if (!(text = scalar(r, yaml_document_get_node(&r->document, p->value), "a text", e)))
            return -1;
        else if (config->htmldir)
            return complain(r, inner, e, "is an older name of 'htmldir', which is given too");
        else {
            warn_of_key(r, inner, "an older name, which is read; today it is 'htmldir'");
            config->htmldir = *text ? arena_strdup(r->arena, text) : NULL;
        }
        r->key[cut] = '\0';
    }
    return 0;
}

/* What the reference's configuration had at its top, and has another place here. */
static bool is_older(const char *name)
{
    return !strcmp(name, "storage") || !strcmp(name, "recover");
}

static int read_older(struct reader *r, const char *name, const yaml_node_t *key, yaml_node_t *node,
                      struct config *config, struct err *e)
{
    static const struct config_field list = {.type = CONFIG_STRINGS, .one_or_list = true};

    if (!strcmp(name, "storage"))
        return read_storage(r, key, node, config, e);
    warn_of_key(r, key, "an older name, which is read; today it is 'launch.recover'");
    return read_strings(r, &list, node, &config->launch.recover, e);
}

static int read_fields(struct reader *r, const struct config_field *fields, yaml_node_t *node,
                       char *base, struct err *e)
{
    yaml_node_pair_t *top;

    if (node->type != YAML_MAPPING_NODE)
        return complain(r, node, e, "expected a mapping, got %s", kind_of(node));
    top = node->data.mapping.pairs.top;
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < top; p++) {
        yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
        yaml_node_t *value = yaml_document_get_node(&r->document, p->value);
        const char *name = scalar(r, key, "a key", e);
        const struct config_field *f;
        size_t cut;
        if (!name)
            return -1;
        cut = push_name(r, name);
        f = find_field(fields, name);
        if (has_key(r, node, name, p) || (f && f->older_key && has_either(r, node, f, p)))
            return complain(r, key, e, "is given twice");
        if (!f && other_case(fields, name))
            return complain(r, key, e, "unknown key; write it '%s'", other_case(fields, name));
        if (f && f->older_warns && !strcmp(f->older_key, name))
            warn_of_key(r, key, "an older name, which is read; today it is '%s'", f->key);
        if (!f && fields == config_schema && is_older(name)) {
            if (read_older(r, name, key, value, (struct config *)(void *)base, e) < 0)
                return -1;
        } else if (!f)
            warn_of_key(r, key, "unknown key, ignored");
        else if (is_null(value) && f->present) /* all of it commented out, say */
            return complain(r, key, e, "is empty: fill it in, or remove the key");
        else if (!is_null(value) && read_value(r, f, value, base, e) < 0)
            return -1;
        r->key[cut] = '\0';
    }
    for (const struct config_field *f = fields; f->key; f++)
        if (f->required && !has_either(r, node, f, top))
            return complain(r, node, e, "lacks the key '%s'", f->key);
    return 0;
}

/* libyaml's complaint as one sentence. */
static int complain_yaml(const char *path, const yaml_parser_t *parser, const char *text,
                         struct err *e)
{
    size_t line = parser->problem_mark.line;

    if (parser->error == YAML_READER_ERROR) /* which has an offset, and no mark */
        for (size_t i = 0; i < parser->problem_offset; i++)
            line += text[i] == '\n';
    if (parser->context && parser->context_mark.line > line)
        line = parser->context_mark.line;
    return err_set(e, ERR_INVALID, "%s:%zu: not valid YAML: %s%s%s", path, line + 1,
                   parser->problem ? parser->problem : "unknown error", parser->context ? " " : "",
                   parser->context ? parser->context : "");
}

static int read_document(struct reader *r, struct config *config, struct err *e)
{
    yaml_mark_t at = {0};
    const char *wrong = config_merge(&r->document, &at);
    yaml_node_t *root = yaml_document_get_root_node(&r->document);

    if (wrong)
        return err_set(e, ERR_INVALID, "%s:%zu: %s", r->path, at.line + 1, wrong);
    return !root || is_null(root) ? 0 : read_fields(r, config_schema, root, (char *)config, e);
}

/* Only empty documents may follow the first: what is not read could be what keeps others out. */
static int read_end(struct reader *r, yaml_parser_t *parser, const char *text, struct err *e)
{
    bool more;
    int rc = 0;

    do {
        const yaml_node_t *root;
        if (!yaml_parser_load(parser, &r->document))
            return complain_yaml(r->path, parser, text, e);
        root = yaml_document_get_root_node(&r->document);
        more = root;
        if (more && !is_null(root))
            rc = err_set(e, ERR_INVALID,
                         "%s:%zu: a second YAML document begins here, and one is read: remove the "
                         "'---' before it",
                         r->path, root->start_mark.line + 1);
        yaml_document_delete(&r->document);
    } while (more && rc == 0);
    return rc;
}

int config_read(struct config *config, const char *path, const char *text, size_t len,
                void (*warn)(const char *text), struct err *e)
{
    struct reader r = {.arena = &config->arena, .path = path, .warn = warn};
    yaml_parser_t parser;
    int rc;

    if (!yaml_parser_initialize(&parser))
        return err_set(e, ERR_INTERNAL, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &r.document)) {
        rc = complain_yaml(path, &parser, text, e);
    } else {
        rc = read_document(&r, config, e);
        yaml_document_delete(&r.document);
        if (rc == 0)
            rc = read_end(&r, &parser, text, e);
    }
    yaml_parser_delete(&parser);
    return rc;
}
