#include "template_env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 16

struct expression {
    const char *p, *end; /* what is left to read, up to the closing braces */
    int line;
    struct buf arguments[ARGUMENTS_MAX];
    size_t n;
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
 */
static int add_value(const struct expression *x, bool must, struct buf *out, struct buf *unset,
                     struct err *e)
{
    for (size_t i = 0; i < x->n; i++) {
        const char *value = getenv(buf_text(&x->arguments[i]));
        if (value && (must || *value)) {
            buf_str(out, value);
            return 0;
        }
    }
    if (must)
        return err_set(e, ERR_INVALID, "%d: environment variable %s is not set (must_env)", x->line,
                       buf_text(&x->arguments[0]));
    if (x->n == 1 && unset)
        buf_printf(unset, "%s\n", buf_text(&x->arguments[0]));
    buf_str(out, buf_text(&x->arguments[x->n - 1]));
    return 0;
}

static int expand_one(struct expression *x, struct buf *out, struct buf *unset, struct err *e)
{
    bool must;
    int line = x->line;

    skip_blanks(x);
    must = take_word(x, "must_env");
    if (!must && !take_word(x, "env"))
        return err_set(e, ERR_INVALID, "%d: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}",
                       line);
    for (skip_blanks(x); x->p < x->end; skip_blanks(x))
        if (read_argument(x, e) < 0)
            return -1;
    if (x->n == 0 || (must && x->n > 1))
        return err_set(e, ERR_INVALID,
                       must ? "%d: must_env takes one name" : "%d: env takes a name", line);
    return add_value(x, must, out, unset, e);
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

int template_env_expand(const char *text, size_t len, struct buf *out, struct buf *unset,
                        struct err *e)
{
    const char *p = text, *end = text + len;
    int line = 1, owed = 0; /* newlines of expressions, which stay in the file's count of lines */

    while (p < end) {
        struct expression x = {0};
        const char *close;
        int rc;

        if (*p != '{' || p + 1 == end || p[1] != '{') {
            line += *p == '\n';
            for (; *p == '\n' && owed > 0; owed--)
                buf_char(out, '\n');
            buf_char(out, *p++);
            continue;
        }
        close = expression_end(p + 2, end);
        if (!close)
            return err_set(e, ERR_INVALID, "%d: {{ is not closed", line);
        x = (struct expression){.p = p + 2, .end = close, .line = line};
        rc = expand_one(&x, out, unset, e);
        owed += x.line - line;
        line = x.line;
        for (size_t i = 0; i < x.n; i++)
            buf_free(&x.arguments[i]);
        if (rc < 0)
            return -1;
        p = close + 2;
    }
    return 0;
}
