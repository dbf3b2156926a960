#include "yaml_place.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "buf.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A key of the top level, in whatever quotes. */
static bool is_auth_key(const char *p, const char *end)
{
    size_t quote = *p == '"' || *p == '\'';

    p += quote;
    if (end - p < (ptrdiff_t)(4 + quote) || strncmp(p, "auth", 4) != 0 || (quote && p[4] != p[-1]))
        return false;
    for (p += 4 + quote; p < end && (*p == ' ' || *p == '\t');)
        p++;
    return p < end && *p == ':';
}

static void begin_line(struct yaml_place *l)
{
    if (l->is_header) {
        l->where = YAML_BLOCK;
        l->block = l->indent;
    } else if (l->where == YAML_COMMENT || l->where == YAML_PLAIN)
        l->where = YAML_BEFORE;
    l->is_header = l->is_property = false;
    l->is_indent = true;
    l->indent = 0;
}

/* The first byte of a line that is no blank. */
static void begin_text(struct yaml_place *l, const char *p, const char *end)
{
    l->is_indent = false;
    if (l->where == YAML_BLOCK && l->indent <= l->block && *p != '\r')
        l->where = YAML_BEFORE;
    if (l->where == YAML_BEFORE && l->indent == 0 && l->flow == 0 && !strchr("#]}", *p))
        l->is_auth = is_auth_key(p, end) || *p == '{' || *p == '-'; /* {auth: …}, --- {auth: …} */
}

/* A byte before a scalar. */
static void begin_scalar(struct yaml_place *l, char c, char next)
{
    if (c == '"' || c == '\'')
        l->where = c == '"' ? YAML_DOUBLE : YAML_SINGLE;
    else if (c == '[' || c == '{')
        l->flow++;
    else if (!(is_blank(c) || c == ',' || c == ':' || ((c == '-' || c == '?') && is_blank(next)))) {
        l->where = YAML_PLAIN;
        l->flow -= (c == ']' || c == '}') && l->flow > 0;
        l->is_property = c == '&' || c == '!';
        l->is_header = (c == '|' || c == '>') && l->flow == 0;
    }
}

static void go_on(struct yaml_place *l, const char *p, char next)
{
    bool quoted = l->before == '"' || l->before == '\'';

    if (l->is_property && is_blank(*p)) {
        l->is_property = false;
        l->where = YAML_BEFORE;
    } else if (*p == ':' && (is_blank(next) || (l->flow && (quoted || strchr(",[]{}", next))))) {
        l->where = YAML_BEFORE;
    } else if (l->flow && (*p == ',' || *p == '[' || *p == '{')) {
        l->flow += *p != ',';
        l->where = YAML_BEFORE;
    } else if (l->flow && (*p == ']' || *p == '}'))
        l->flow--;
}

void yaml_place_pass(struct yaml_place *l, const char *p, const char *end)
{
    char next = p + 1 < end ? p[1] : '\n';

    if (*p == '\n') {
        begin_line(l);
    } else if (l->is_indent && *p == ' ') {
        l->indent++;
    } else {
        if (l->is_indent)
            begin_text(l, p, end);
        if (l->is_escaped)
            l->is_escaped = false;
        else if (l->where == YAML_DOUBLE || l->where == YAML_SINGLE) {
            char quote = l->where == YAML_DOUBLE ? '"' : '\'';
            if (*p == (quote == '"' ? '\\' : '\'') && (quote == '"' || next == '\''))
                l->is_escaped = true;
            else if (*p == quote)
                l->where = YAML_PLAIN;
        } else if (*p == '#' && is_blank(l->before) && l->where <= YAML_PLAIN)
            l->where = YAML_COMMENT;
        else if (l->where == YAML_BEFORE)
            begin_scalar(l, *p, next);
        else if (l->where == YAML_PLAIN)
            go_on(l, p, next);
    }
    l->before = *p;
}

void yaml_place_reach_value(struct yaml_place *l)
{
    static const char any[] = "x";

    if (l->is_indent)
        begin_text(l, any, any + 1);
}

void yaml_place_pass_value(struct yaml_place *l)
{
    l->is_indent = false;
    l->before = 'x';
    if (l->where == YAML_BEFORE)
        l->where = YAML_PLAIN;
}

/* What libyaml makes of the text: the only scalar that is the value of the key k, and plain. */
static bool reads_as(const struct buf *text, const char *expected)
{
    yaml_parser_t parser;
    yaml_document_t document;
    const yaml_node_t *root, *node;
    bool same = false;

    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->len);
    if (yaml_parser_load(&parser, &document)) {
        root = yaml_document_get_root_node(&document);
        if (root && root->type == YAML_MAPPING_NODE &&
            root->data.mapping.pairs.top - root->data.mapping.pairs.start == 1) {
            node = yaml_document_get_node(&document, root->data.mapping.pairs.start->value);
            same = node->type == YAML_SEQUENCE_NODE
                       ? *expected == '['
                       : node->type == YAML_SCALAR_NODE &&
                             node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                             !strcmp((const char *)node->data.scalar.value, expected);
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return same;
}

bool yaml_place_takes(const struct yaml_place *l, const char *value, const char *behind,
                      const char *end)
{
    static const char *const nulls[] = {"~", "null", "Null", "NULL"};
    struct buf text = {0}, expected = {0};
    bool alone = l->where == YAML_BEFORE, same;
    const char *rest = behind;

    while (rest < end && *rest == ' ')
        rest++;
    if (!*value)
        return true;
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (alone && !strcmp(value, nulls[i]))
            return false;
    if (!alone)
        buf_printf(&expected, "x%s", is_blank(l->before) ? " " : "");
    buf_str(&expected, value);
    /* What goes on behind it, in one byte; not a comment, nor what ends an element. */
    if (rest < end && !strchr("\r\n#", *rest) && !(l->flow && strchr(",]}", *rest)))
        buf_printf(&expected, "%s%c", rest > behind ? " " : "", *rest == ':' ? 'x' : 'y');
    buf_printf(&text,
               !l->flow        ? "k: %s\n"
               : rest > behind ? "{k: %s }"
                               : "{k: %s}",
               buf_text(&expected));
    if (text.failed || expected.failed)
        abort();
    same = reads_as(&text, buf_text(&expected));
    buf_free(&text);
    buf_free(&expected);
    return same;
}
