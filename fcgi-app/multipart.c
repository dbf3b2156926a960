#include "multipart.h"

#include <string.h>
#include <strings.h>

#include "utf8.h"

#define HEADER_MAX 4096 /* of a part */

/* The text within quotes, from `p` to the closing one. */
static char *unquoted(const char *p, const char *end, struct arena *a)
{
    char *text = arena_alloc(a, (size_t)(end - p) + 1), *out = text;

    for (; p < end; p++) {
        p += *p == '\\' && p + 1 < end;
        *out++ = *p;
    }
    *out = '\0';
    return text;
}

/* The value of a parameter behind the first `;` of a header field's value: a token, or a quoted
 * text (RFC 9110, 5.6.6). NULL when it is not there. */
static char *parameter(const char *value, const char *name, struct arena *a)
{
    size_t name_len = strlen(name);

    for (const char *p = strchr(value, ';'); p;) {
        bool found;
        p += 1 + strspn(p + 1, " \t");
        found = !strncasecmp(p, name, name_len) && p[name_len] == '=';
        p += strcspn(p, "=;");
        if (*p == '=' && p[1] == '"') {
            const char *quoted = p + 2;
            for (p += 2; *p && *p != '"'; p++)
                p += *p == '\\' && p[1];
            if (!*p)
                return NULL;
            if (found)
                return unquoted(quoted, p, a);
        } else if (found)
            return arena_strndup(a, p + 1, strcspn(p + 1, "; \t"));
        p = strchr(p, ';');
    }
    return NULL;
}

bool multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1])
{
    static const char type[] = "multipart/form-data";
    struct arena a = {0};
    const char *text = NULL;
    size_t len;
    bool good;

    if (!strncasecmp(content_type, type, sizeof type - 1) &&
        strchr("; \t", content_type[sizeof type - 1]))
        text = parameter(content_type, "boundary", &a);
    len = text ? strlen(text) : 0;
    good = len > 0 && len <= MULTIPART_BOUNDARY_MAX && text[len - 1] != ' ';
    if (good)
        memcpy(boundary, text, len + 1);
    arena_free(&a);
    return good;
}

/* The first `CRLF--boundary`, or `--boundary` at the start of the body. NULL: none. */
static char *find_delimiter(char *body, size_t len, const char *delimiter, size_t delimiter_len)
{
    return len < delimiter_len ? NULL : memmem(body, len, delimiter, delimiter_len);
}

/* The value of Content-Disposition in the part's header, which ends with an empty line. */
static const char *disposition(const char *header, size_t len, struct arena *a)
{
    static const char name[] = "Content-Disposition:";
    const char *text = arena_strndup(a, header, len);

    for (const char *line = text; line; line = strstr(line, "\r\n"), line = line ? line + 2 : NULL)
        if (!strncasecmp(line, name, sizeof name - 1))
            return arena_strndup(a, line + sizeof name - 1,
                                 strcspn(line + sizeof name - 1, "\r\n"));
    return "";
}

static int malformed(struct err *e, const char *why)
{
    return err_set(e, ERR_INVALID, "the body is no good multipart/form-data: %s", why);
}

/* A part: its header and its content. 1, 0 for a file, -1. */
static int read_part(const char *part, size_t len, struct arena *a, struct multipart_field *field,
                     struct err *e)
{
    const char *end =
        len >= 2 && !memcmp(part, "\r\n", 2) ? part : memmem(part, len, "\r\n\r\n", 4);
    size_t header = end ? (size_t)(end - part) + (end == part ? 2 : 4) : 0;
    const char *how;

    if (!end)
        return malformed(e, "a part has no header");
    if (header > HEADER_MAX)
        return malformed(e, "the header of a part is longer than 4 KiB");
    how = disposition(part, header, a);
    how += strspn(how, " \t");
    field->name = parameter(how, "name", a);
    if (strncasecmp(how, "form-data", 9) != 0 || !field->name)
        return malformed(e, "a part has no name");
    if (parameter(how, "filename", a) || parameter(how, "filename*", a))
        return 0;
    field->value = arena_strndup(a, part + header, len - header);
    if (strlen(field->value) != len - header ||
        utf8_valid(part + header, len - header) != len - header ||
        utf8_valid(field->name, strlen(field->name)) != strlen(field->name))
        return malformed(e, "a part is not UTF-8, or has a NUL");
    return 1;
}

int multipart_next(char **body, size_t *len, const char *boundary, struct arena *a,
                   struct multipart_field *field, struct err *e)
{
    const char *delimiter = arena_printf(a, "\r\n--%s", boundary);
    size_t n = strlen(delimiter);
    int rc = 0;

    while (rc == 0) {
        /* *body is at a delimiter, or at the start, whose line end is missing. */
        bool is_here = *len >= n - 2 && !memcmp(*body, delimiter + 2, n - 2);
        char *at = is_here ? *body + n - 2 : find_delimiter(*body, *len, delimiter, n);
        char *end = *body + *len, *next;
        if (!at)
            return malformed(e, "its boundary is missing");
        at += is_here ? 0 : n;
        if (end - at >= 2 && !memcmp(at, "--", 2))
            return 0;
        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
            return malformed(e, "a boundary is followed by something else");
        at += 2;
        next = find_delimiter(at, (size_t)(end - at), delimiter, n);
        if (!next)
            return malformed(e, "its last boundary is missing");
        rc = read_part(at, (size_t)(next - at), a, field, e);
        *len = (size_t)(end - next) - 2;
        *body = next + 2;
    }
    return rc;
}
