#include "env_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define FILE_LIMIT (1024 * 1024)

struct reader {
    const char *p, *end;
    int line;
    struct buf name, value;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char take(struct reader *r)
{
    r->line += *r->p == '\n';
    return *r->p++;
}

static int read_name(struct reader *r, const char *path, struct err *e)
{
    const char *start = r->p, *last;

    while (r->p < r->end && *r->p != '=' && *r->p != '\n')
        r->p++;
    for (last = r->p; last > start && is_blank(last[-1]);)
        last--;
    buf_add(&r->name, start, (size_t)(last - start));
    if (r->p == r->end || *r->p != '=' || !r->name.len || isdigit((unsigned char)*start) ||
        strspn(buf_text(&r->name), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789_") != r->name.len)
        return err_set(e, ERR_INVALID, "%s:%d: expected NAME=value%s", path, r->line,
                       strncmp(buf_text(&r->name), "export ", 7) ? "" : ", without export");
    r->p++;
    return 0;
}

/* Up to the closing quote, over lines. Within "…" a backslash escapes what a shell would. */
static int read_quoted(struct reader *r, const char *path, struct err *e)
{
    int line = r->line;
    char quote = take(r);

    while (r->p < r->end && *r->p != quote) {
        char c = take(r);
        if (quote == '"' && c == '\\' && r->p < r->end) {
            c = take(r);
            if (c == '\n')
                continue;
            if (!strchr("\"\\`$", c))
                buf_char(&r->value, '\\');
        }
        buf_char(&r->value, c);
    }
    if (r->p == r->end)
        return err_set(e, ERR_INVALID, "%s:%d: the value's quote is not closed", path, line);
    r->p++;
    return 0;
}

/* Without quotes, to the end of the line: a backslash escapes any byte, and joins lines. Blanks at
 * the end do not count. */
static void read_bare(struct reader *r)
{
    size_t counts = r->value.len;

    while (r->p < r->end && *r->p != '\n') {
        char c = take(r);
        bool escaped = c == '\\' && r->p < r->end;
        if (escaped && (c = take(r)) == '\n')
            continue;
        buf_char(&r->value, c);
        if (escaped || !is_blank(c))
            counts = r->value.len;
    }
    if (!r->value.failed && r->value.data) {
        r->value.len = counts;
        r->value.data[counts] = '\0';
    }
}

static int read_value(struct reader *r, const char *path, struct err *e)
{
    for (;;) {
        while (r->p < r->end && is_blank(*r->p))
            r->p++;
        if (r->p == r->end || *r->p == '\n')
            return 0;
        if (*r->p != '"' && *r->p != '\'') {
            read_bare(r);
            return 0;
        }
        if (read_quoted(r, path, e) < 0)
            return -1;
    }
}

static int read_all(const struct buf *text, const char *path, bool set, struct err *e)
{
    struct reader r = {.p = buf_text(text), .end = buf_text(text) + text->len, .line = 1};
    int rc = 0;

    while (rc == 0 && r.p < r.end) {
        if (is_blank(*r.p) || *r.p == '\n') {
            take(&r);
        } else if (*r.p == '#' || *r.p == ';') {
            while (r.p < r.end && *r.p != '\n')
                r.p++;
        } else {
            buf_clear(&r.name);
            buf_clear(&r.value);
            rc = read_name(&r, path, e) < 0 || read_value(&r, path, e) < 0 ? -1 : 0;
            if (r.name.failed || r.value.failed)
                abort();
            if (rc == 0 && set && setenv(buf_text(&r.name), buf_text(&r.value), 1) < 0)
                abort();
        }
    }
    buf_free(&r.name);
    buf_free(&r.value);
    return rc;
}

int env_file_read(const char *path, struct err *e)
{
    bool may_miss = *path == '-';
    struct buf text = {0};
    int rc;

    path += may_miss;
    if (buf_read_file(&text, path, FILE_LIMIT) < 0)
        rc = may_miss && errno == ENOENT ? 0 : err_system(e, errno, "cannot read %s", path);
    else if (memchr(buf_text(&text), '\0', text.len))
        rc = err_set(e, ERR_INVALID, "%s: contains a NUL character", path);
    else
        rc = read_all(&text, path, false, e) < 0 ? -1 : read_all(&text, path, true, e);
    buf_free(&text);
    return rc;
}
