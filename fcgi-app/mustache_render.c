/* Walks a parsed template with a stack of contexts. */
#include "mustache.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mustache_node.h"

enum { PARTIAL_DEPTH = 64 };

struct frame {
    const json_t *value;
    const struct frame *up;
};

struct rendering {
    mustache_lookup lookup;
    const void *ctx;
    struct buf *out;
    struct err *e;
};

/* A template being rendered: the page itself, or a partial inside it. */
struct level {
    const struct mustache *m;
    const struct level *up;
    const char *indent; /* of this level alone; NULL for none */
    int depth;
};

static int render_nodes(struct rendering *r, const struct level *level,
                        const struct node_list *list, const struct frame *frame);

/* The value that a name means: its first part from the innermost context that has it, the others
 * inside that value only. NULL when there is none. */
static const json_t *find_value(const struct node *node, const struct frame *frame)
{
    const json_t *value = NULL;

    if (node->n_path == 0)
        return frame->value;
    for (; frame && !value; frame = frame->up)
        value = json_object_get(frame->value, node->path[0]);
    for (size_t i = 1; i < node->n_path && value; i++)
        value = json_object_get(value, node->path[i]);
    return value;
}

static bool is_false(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

/* For HTML text and for quoted attribute values alike. */
static void add_escaped(struct buf *out, const char *text, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        const char *entity = NULL;

        switch (text[i]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\'':
            entity = "&#39;";
            break;
        default:
            continue;
        }
        buf_add(out, text + from, i - from);
        buf_str(out, entity);
        from = i + 1;
    }
    buf_add(out, text + from, len - from);
}

/* The shortest text that reads back as the same number. */
static void add_real(struct buf *out, double number)
{
    char text[40];

    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*g", precision, number);
        if (fpclassify(strtod(text, NULL) - number) == FP_ZERO)
            break;
    }
    buf_str(out, text);
}

static void add_value(struct buf *out, const json_t *value, bool escape)
{
    if (json_is_string(value) && escape)
        add_escaped(out, json_string_value(value), json_string_length(value));
    else if (json_is_string(value))
        buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        add_real(out, json_real_value(value));
    else if (json_is_boolean(value))
        buf_str(out, json_is_true(value) ? "true" : "false");
}

static void add_indent(struct buf *out, const struct level *level)
{
    if (!level)
        return;
    add_indent(out, level->up);
    if (level->indent)
        buf_str(out, level->indent);
}

static int render_section(struct rendering *r, const struct level *level, const struct node *node,
                          const struct frame *frame)
{
    const json_t *value = find_value(node, frame);
    struct frame inner = {value, frame};

    if (is_false(value))
        return 0;
    if (!json_is_array(value))
        return render_nodes(r, level, &node->children, &inner);
    for (size_t i = 0; i < json_array_size(value); i++) {
        inner.value = json_array_get(value, i);
        if (render_nodes(r, level, &node->children, &inner) < 0)
            return -1;
    }
    return 0;
}

static int render_partial(struct rendering *r, const struct level *level, const struct node *node,
                          const struct frame *frame)
{
    const struct mustache *m = r->lookup ? r->lookup(r->ctx, node->text) : NULL;
    struct level inner = {m, level, node->indent, level->depth + 1};

    if (!m)
        return 0;
    if (inner.depth > PARTIAL_DEPTH)
        return err_set(r->e, ERR_INTERNAL, "%s:%d: partials are nested more than %d deep",
                       level->m->name, node->line, PARTIAL_DEPTH);
    return render_nodes(r, &inner, &m->nodes, frame);
}

static int render_nodes(struct rendering *r, const struct level *level,
                        const struct node_list *list, const struct frame *frame)
{
    const struct node *node;
    int rc = 0;

    STAILQ_FOREACH (node, list, next) {
        if (rc != 0)
            break;
        switch (node->type) {
        case NODE_TEXT:
            buf_add(r->out, node->text, node->len);
            break;
        case NODE_LINE:
            add_indent(r->out, level);
            break;
        case NODE_ESCAPED:
            add_value(r->out, find_value(node, frame), true);
            break;
        case NODE_RAW:
            add_value(r->out, find_value(node, frame), false);
            break;
        case NODE_SECTION:
            rc = render_section(r, level, node, frame);
            break;
        case NODE_INVERTED:
            if (is_false(find_value(node, frame)))
                rc = render_nodes(r, level, &node->children, frame);
            break;
        case NODE_PARTIAL:
            rc = render_partial(r, level, node, frame);
            break;
        }
    }
    return rc;
}

int mustache_render(const struct mustache *m, const json_t *view, mustache_lookup lookup,
                    const void *ctx, struct buf *out, struct err *e)
{
    struct rendering r = {lookup, ctx, out, e};
    struct level level = {.m = m};
    struct frame frame = {.value = view};

    if (render_nodes(&r, &level, &m->nodes, &frame) < 0)
        return -1;
    if (out->failed)
        return err_set(e, ERR_INTERNAL, "out of memory");
    return 0;
}
