/* Reads CGI variables (RFC 3875) and a body. Checks everything that can be checked without knowing
 * the call. */
#include "request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "encode.h"
#include "multipart.h"

const char *request_variable(const struct request *r, const char *name)
{
    const char *value = r->io->variable(r->io->ctx, name);

    return value ? value : "";
}

static void read_method(struct request *r, struct arena *a)
{
    r->method_name = arena_strdup(a, request_variable(r, "REQUEST_METHOD"));
    r->is_head = !strcmp(r->method_name, "HEAD");
    if (r->is_head || !strcmp(r->method_name, "GET"))
        r->method = METHOD_GET;
    else if (!strcmp(r->method_name, "POST"))
        r->method = METHOD_POST;
    else
        r->method = METHOD_OTHER;
}

/* REQUEST_URI is what the client sent. Without it, what the server made of it is decoded already.
 */
static int read_path(struct request *r, struct arena *a, struct err *e)
{
    const struct percent_input in = {.what = "the path"};
    const char *uri = request_variable(r, "REQUEST_URI");
    char *path;

    if (!*uri) {
        path = arena_strdup(a, request_variable(r, "DOCUMENT_URI"));
        if (!*path)
            path = arena_printf(a, "%s%s", request_variable(r, "SCRIPT_NAME"),
                                request_variable(r, "PATH_INFO"));
        if (utf8_valid(path, strlen(path)) != strlen(path))
            return err_set(e, ERR_INVALID, "the path is not UTF-8");
    } else {
        size_t len = strcspn(uri, "?#");

        r->path = arena_strndup(a, uri, len);
        if (percent_decode(a, uri, len, &in, &path, e) < 0)
            return -1;
    }
    r->path = path;
    if (*path != '/')
        return err_set(e, ERR_INVALID, "the path does not start with \"/\"");
    return 0;
}

int request_read_head(struct request *r, const struct request_io *io, struct arena *a,
                      struct err *e)
{
    *r = (struct request){.io = io, .path = "/"};
    read_method(r, a);
    return read_path(r, a, e);
}

/* Takes one token (RFC 9110, 5.6.2) off *at, and the blanks behind it. */
static size_t take_token(const char **at)
{
    size_t len = 0;

    while (isalnum((unsigned char)(*at)[len]) ||
           ((*at)[len] && strchr("!#$%&'*+-.^_`|~", (*at)[len])))
        len++;
    *at += len;
    *at += strspn(*at, " \t");
    return len;
}

/* Reads `; name=value` pairs. False when they are malformed or name a charset other than UTF-8. */
static bool type_params_are_fine(const char *at)
{
    while (*at == ';') {
        const char *name;
        const char *value;
        size_t name_len;
        size_t len;

        at++;
        at += strspn(at, " \t");
        if (!*at || *at == ';')
            continue;
        name = at;
        name_len = take_token(&at);
        if (name_len == 0 || name[name_len] != '=' || *at++ != '=')
            return false;
        value = at;
        if (*at == '"') {
            value++;
            len = strcspn(value, "\"");
            at = value + len;
            if (*at++ != '"')
                return false;
            at += strspn(at, " \t");
        } else {
            len = take_token(&at);
        }
        if (name_len == 7 && !strncasecmp(name, "charset", 7) &&
            !(len == 5 && !strncasecmp(value, "utf-8", 5)) &&
            !(len == 4 && !strncasecmp(value, "utf8", 4)))
            return false;
    }
    return !*at;
}

/* The body that CONTENT_TYPE announces; 0 when it is none of ours. */
static unsigned body_type(const char *content_type)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {
        {"application/x-www-form-urlencoded", BODY_FORM},
        {"application/json", BODY_JSON},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t len = strlen(types[i].name);

        if (!strncasecmp(content_type, types[i].name, len) && strchr("; \t", content_type[len]) &&
            type_params_are_fine(content_type + len + strspn(content_type + len, " \t")))
            return types[i].type;
    }
    return 0;
}

/* CONTENT_LENGTH; absent or empty means that there is no body (RFC 3875, 4.1.2). */
static int read_length(const struct request *r, size_t *length, struct err *e)
{
    const char *text = request_variable(r, "CONTENT_LENGTH");

    *length = 0;
    for (const char *at = text; *at; at++) {
        if (!isdigit((unsigned char)*at)) {
            err_set(e, ERR_INVALID, "Content-Length is not a number");
            return 400;
        }
        if (*length <= REQUEST_BODY_LIMIT)
            *length = *length * 10 + (size_t)(*at - '0');
    }
    if (*length > REQUEST_BODY_LIMIT) {
        err_set(e, ERR_INVALID, "the body is larger than 1 MiB");
        return 413;
    }
    return 0;
}

static int read_body(const struct request *r, struct arena *a, char **body, size_t *len,
                     struct err *e)
{
    int status = read_length(r, len, e);
    size_t got;
    char extra;

    if (status != 0)
        return status;
    *body = arena_alloc(a, *len + 1);
    got = *len > 0 ? r->io->read(r->io->ctx, *body, *len) : 0;
    if (got < *len) {
        err_set(e, ERR_INVALID, "the body ends after %zu of %zu bytes", got, *len);
        return 400;
    }
    if (r->io->read(r->io->ctx, &extra, 1) != 0) {
        err_set(e, ERR_INVALID, "the body is longer than Content-Length says (%zu bytes)", *len);
        return 400;
    }
    return 0;
}

static int refuse_type(unsigned bodies, struct err *e)
{
    bool json_only = bodies == BODY_JSON;

    err_set(e, ERR_INVALID, "Content-Type must be %s%s, in UTF-8",
            json_only ? "" : "application/x-www-form-urlencoded",
            json_only                   ? "application/json"
            : (bodies & BODY_JSON) != 0 ? " or application/json"
                                        : "");
    return json_only ? 400 : 415;
}

static int read_post(struct request *r, unsigned bodies, struct arena *a, struct err *e)
{
    const char *type_text = request_variable(r, "CONTENT_TYPE");
    const char *query = request_variable(r, "QUERY_STRING");
    char *body = NULL, boundary[MULTIPART_BOUNDARY_MAX + 1];
    size_t len;
    int status = read_body(r, a, &body, &len, e), rc;

    if (status != 0)
        return status;
    if (len == 0 && (bodies & BODY_FORM) != 0)
        rc = 0;
    else if ((bodies & BODY_FORM) != 0 && multipart_boundary(type_text, boundary))
        rc = params_read_multipart(&r->params, a, body, len, boundary, e);
    else if ((body_type(type_text) & bodies) == 0)
        return refuse_type(bodies, e);
    else
        rc = body_type(type_text) == BODY_JSON
                 ? params_read_json(&r->params, body, len, e)
                 : params_read_form(&r->params, a, body, len, "the body", e);
    return rc < 0 || params_add_query(&r->params, a, query, e) < 0 ? 400 : 0;
}

int request_read_params(struct request *r, unsigned bodies, struct arena *a, struct err *e)
{
    const char *query;

    if (r->method == METHOD_POST)
        return read_post(r, bodies, a, e);
    query = request_variable(r, "QUERY_STRING");
    return params_read_form(&r->params, a, query, strlen(query), "the query string", e) < 0 ? 400
                                                                                            : 0;
}

bool request_wants_text(const struct request *r)
{
    const char *accept = request_variable(r, "HTTP_ACCEPT");

    if (strcasestr(accept, "text/html") || strcasestr(accept, "application/xhtml"))
        return false;
    return strcasestr(accept, "text/plain") ||
           (!strncasecmp(request_variable(r, "HTTP_USER_AGENT"), "curl/", 5) &&
            (!*accept || !strcmp(accept, "*/*")));
}

void request_free(struct request *r)
{
    params_free(&r->params);
}

bool request_is_api(const char *path)
{
    return !strcmp(path, "/api") || !strncmp(path, "/api/", 5);
}
