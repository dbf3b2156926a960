/* The text is not parsed as YAML here: a value may be a list, or a part of a scalar. Where each
 * value goes is known from yaml_place.h. */
#include "template_env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#include "yaml_place.h"

#define ARGUMENTS_MAX 16

struct expression {
    const char *p, *end; /* what is left to read, up to the closing braces */
    int line;
    struct buf arguments[ARGUMENTS_MAX];
    size_t n;
    bool must;
    bool is_json; /* … | json_escape */
};

/* A text while its expressions are replaced. */
struct template
{
    const char *end;
    struct yaml_place place;
    bool is_single; /* within '…', which is written as "…": so that any value can stand in it */
    int line;
    int owed; /* newlines of expressions, which stay in the file's count of lines */
    struct buf *out, *unset, *warnings;
};

static void skip_blanks(struct expression *x)
{
    while (x->p < x->end && strchr(" \t\r\n", *x->p)) {
        if (*x->p == '\n')
            x->line++;
        x->p++;
    }
}

/* Reads one quoted argument at x->p. */
static int read_argument(struct expression *x, struct err *e)
{
    char quote = *x->p;
    struct buf *out;

    if (quote != '"' && quote != '`')
        return err_set(e, ERR_INVALID, "%d: expected a quoted name, got '%c'", x->line, quote);
    if (x->n == ARGUMENTS_MAX)
        return err_set(e, ERR_INVALID, "%d: more than %d names in one expression", x->line,
                       ARGUMENTS_MAX);
    out = &x->arguments[x->n++];
    for (x->p++; x->p < x->end && *x->p != quote; x->p++) {
        if (quote == '"' && *x->p == '\\' && x->p + 1 < x->end)
            x->p++;
        x->line += *x->p == '\n';
        buf_char(out, *x->p);
    }
    if (x->p == x->end)
        return err_set(e, ERR_INVALID, "%d: a %c is not closed", x->line, quote);
    x->p++;
    return 0;
}

static bool take_word(struct expression *x, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(x->end - x->p) < len || strncmp(x->p, word, len) != 0 ||
        (x->p + len < x->end && !strchr(" \t\r\n\"`", x->p[len])))
        return false;
    x->p += len;
    return true;
}

/* must_env: the variable's value. env: the first that is set and not empty, else the last argument.
 * *name: the variable, NULL for the last argument. */
static const char *find_value(const struct expression *x, const char **name, struct err *e)
{
    for (size_t i = 0; i < x->n; i++) {
        const char *value = getenv(buf_text(&x->arguments[i]));
        *name = buf_text(&x->arguments[i]);
        if (value && (x->must || *value))
            return value;
    }
    if (x->must) {
        err_set(e, ERR_INVALID, "%d: environment variable %s is not set (must_env)", x->line,
                buf_text(&x->arguments[0]));
        return NULL;
    }
    *name = NULL;
    return buf_text(&x->arguments[x->n - 1]);
}

/* As the text of a JSON string, in the spelling of Go's encoding/json. */
static void add_json(struct buf *out, const char *value)
{
    for (size_t left = strlen(value), n; left > 0; value += n, left -= n) {
        unsigned char c = (unsigned char)*value;
        n = utf8_character(value, left);
        if (n == 0) {
            buf_str(out, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || strchr("<>&", c))
            buf_printf(out, "\\u%04x", c);
        else if (n == 3 && !memcmp(value, "\xe2\x80", 2) &&
                 ((unsigned char)value[2] & 0xfe) == 0xa8)
            buf_printf(out, "\\u202%c", value[2] & 1 ? '9' : '8');
        else
            buf_add(out, value, n);
    }
}

/* Within "…" (YAML 1.1, 5.7): what would end it, or would not come out as it went in. */
static void add_double_quoted(struct buf *out, const char *value)
{
    for (size_t left = strlen(value), n; left > 0; value += n, left -= n) {
        unsigned char c = (unsigned char)*value;
        n = utf8_character(value, left);
        n = n ? n : 1;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else if (n == 2 && c == 0xc2 && (unsigned char)value[1] < 0xa0)
            buf_printf(out, "\\x%02x", (unsigned char)value[1]);
        else if (n == 3 && !memcmp(value, "\xe2\x80", 2) &&
                 ((unsigned char)value[2] & 0xfe) == 0xa8)
            buf_printf(out, "\\u202%c", value[2] & 1 ? '9' : '8');
        else if (n == 3 && !memcmp(value, "\xef\xbb\xbf", 3))
            buf_str(out, "\\ufeff");
        else
            buf_add(out, value, n);
    }
}

/* A value of several lines keeps them in a block of text; a comment has one. */
static void add_lines(const struct template *t, const char *value)
{
    for (; *value; value++) {
        buf_char(t->out, t->place.where == YAML_COMMENT && strchr("\r\n", *value) ? ' ' : *value);
        if (*value == '\n' && t->place.where == YAML_BLOCK)
            buf_printf(t->out, "%*s", (int)t->place.indent, "");
    }
}

/* A value without quotes around it goes as it is: it may be meant for a list or a number. */
static int add_bare(struct template *t, const struct expression *x, const char *value,
                    const char *name, const char *behind, struct err *e)
{
    const char *function = x->must ? "must_env" : "env";

    if (!yaml_place_takes(&t->place, value, behind, t->end)) {
        struct buf what = {0};
        int rc = 0;
        buf_printf(&what,
                   "%d: the value of the variable %s is no plain text for YAML, which reads it "
                   "otherwise; put quotes around it: '{{ %s \"%s\" }}'",
                   x->line, name, function, name);
        if (what.failed)
            abort();
        if (t->place.is_auth)
            rc = err_set(e, ERR_INVALID, "%s", buf_text(&what));
        else if (t->warnings)
            buf_printf(t->warnings, "%s\n", buf_text(&what));
        buf_free(&what);
        if (rc < 0)
            return -1;
    }
    buf_str(t->out, value);
    return 0;
}

static int add_value(struct template *t, const struct expression *x, const char *behind,
                     struct err *e)
{
    const char *name, *value = find_value(x, &name, e);
    struct buf json = {0};
    int rc = 0;

    if (!value)
        return -1;
    if (!x->must && !name && x->n == 1 && t->unset)
        buf_printf(t->unset, "%s\n", value);
    if (x->is_json) {
        add_json(&json, value);
        value = buf_text(&json);
    }
    if (t->is_single || (t->place.where == YAML_DOUBLE && !x->is_json))
        add_double_quoted(t->out, value);
    else if (t->place.where == YAML_COMMENT || t->place.where == YAML_BLOCK)
        add_lines(t, value);
    else if (t->place.where <= YAML_PLAIN && name)
        rc = add_bare(t, x, value, name, behind, e);
    else
        buf_str(t->out, value);
    buf_free(&json);
    return rc;
}

/* `| json_escape`, the one function of the reference's that may follow. */
static int read_pipe(struct expression *x, struct err *e)
{
    x->p++;
    skip_blanks(x);
    if (x->is_json || !take_word(x, "json_escape"))
        return err_set(e, ERR_INVALID,
                       "%d: expected a quoted name, got '|' and '%.*s': of the functions of Go's "
                       "templates only env, must_env and | json_escape are read",
                       x->line, (int)(x->end - x->p), x->p);
    x->is_json = true;
    return 0;
}

static int expand_one(struct template *t, struct expression *x, const char *behind, struct err *e)
{
    int line = x->line;

    skip_blanks(x);
    x->must = take_word(x, "must_env");
    if (!x->must && !take_word(x, "env")) {
        const char *blank = x->p;
        while (blank < x->end && !strchr(" \t\r\n", *blank))
            blank++;
        return err_set(e, ERR_INVALID,
                       "%d: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got '%.*s': "
                       "nothing else of Go's templates is read here",
                       line, (int)(blank - x->p), x->p);
    }
    for (skip_blanks(x); x->p < x->end; skip_blanks(x)) {
        if (x->is_json && *x->p != '|')
            return err_set(e, ERR_INVALID, "%d: json_escape takes no name", x->line);
        if ((*x->p == '|' && x->n > 0 ? read_pipe(x, e) : read_argument(x, e)) < 0)
            return -1;
    }
    if (x->n == 0 || (x->must && x->n > 1))
        return err_set(e, ERR_INVALID,
                       x->must ? "%d: must_env takes one name" : "%d: env takes a name", line);
    return add_value(t, x, behind, e);
}

/* The `}}` that ends the expression at p: not one inside quotes. NULL if there is none. */
static const char *expression_end(const char *p, const char *end)
{
    char quote = 0;

    for (; p < end; p++) {
        if (quote) {
            if (quote == '"' && *p == '\\')
                p++;
            else if (*p == quote)
                quote = 0;
        } else if (*p == '"' || *p == '`')
            quote = *p;
        else if (*p == '}' && p + 1 < end && p[1] == '}')
            return p;
    }
    return NULL;
}

/* Whether a '…' that begins at p has an expression in it, and an end. */
static bool holds_expression(const char *p, const char *end)
{
    bool holds = false;

    for (p++; p < end; p++) {
        if (*p == '{' && p + 1 < end && p[1] == '{') {
            p = expression_end(p + 2, end);
            if (!p)
                return false;
            p++;
            holds = true;
        } else if (*p == '\'' && p + 1 < end && p[1] == '\'')
            p++;
        else if (*p == '\'')
            return holds;
    }
    return false;
}

/* One byte of the text that is no expression. */
static void copy(struct template *t, const char *p)
{
    enum yaml_where before = t->place.where;
    bool second = t->place.is_escaped;

    t->line += *p == '\n';
    for (; *p == '\n' && t->owed > 0; t->owed--)
        buf_char(t->out, '\n');
    yaml_place_pass(&t->place, p, t->end);
    if (before != YAML_SINGLE && t->place.where == YAML_SINGLE && holds_expression(p, t->end)) {
        t->is_single = true;
        buf_char(t->out, '"');
    } else if (!t->is_single)
        buf_char(t->out, *p);
    else if (t->place.where != YAML_SINGLE) { /* its end */
        t->is_single = false;
        buf_char(t->out, '"');
    } else if (*p == '\\' || *p == '"')
        buf_printf(t->out, "\\%c", *p);
    else if (*p != '\'' || second)
        buf_char(t->out, *p);
}

/* The expression at p. Returns what follows; NULL with an error. */
static const char *expand(struct template *t, const char *p, struct err *e)
{
    const char *close = expression_end(p + 2, t->end);
    struct expression x = {.p = p + 2, .end = close, .line = t->line};
    int rc;

    if (!close) {
        err_set(e, ERR_INVALID, "%d: {{ is not closed", t->line);
        return NULL;
    }
    yaml_place_reach_value(&t->place);
    rc = expand_one(t, &x, close + 2, e);
    yaml_place_pass_value(&t->place);
    t->owed += x.line - t->line;
    t->line = x.line;
    for (size_t i = 0; i < x.n; i++)
        buf_free(&x.arguments[i]);
    return rc < 0 ? NULL : close + 2;
}

int template_env_expand(const char *text, size_t len, struct buf *out, struct buf *unset,
                        struct buf *warnings, struct err *e)
{
    struct template t = {.end = text + len,
                         .place = {.is_indent = true, .before = '\n'},
                         .line = 1,
                         .out = out,
                         .unset = unset,
                         .warnings = warnings};

    for (const char *p = text; p < t.end;) {
        if (*p != '{' || p + 1 == t.end || p[1] != '{')
            copy(&t, p++);
        else if (!(p = expand(&t, p, e)))
            return -1;
    }
    return 0;
}
