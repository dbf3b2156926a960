/* Answers: JSON, pages, redirects. Nothing here may be cached, everything says so. */
#include "respond.h"

#include <stdlib.h>
#include <string.h>

#include "encode.h"

/* Pages load nothing from elsewhere, run no inline script, and stand in nobody's frame. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "              \
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {303, "See Other"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
}

void response_free(struct response *r)
{
    buf_free(&r->body);
}

static void start(struct response *r, int status, const char *content_type)
{
    const char *allow = r->allow;
    int retry_after = r->retry_after;
    struct buf body = r->body;

    buf_clear(&body);
    *r = (struct response){.status = status,
                           .content_type = content_type,
                           .allow = allow,
                           .retry_after = retry_after,
                           .body = body};
}

void respond_json(struct response *r, int status, json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    start(r, text != NULL ? status : 500, "application/json; charset=UTF-8");
    buf_str(&r->body, text != NULL ? text : "{\"result\":\"out of memory\"}");
    buf_char(&r->body, '\n');
    free(text);
    json_decref(json);
}

void respond_json_ready(struct response *r, int status, const struct buf *text)
{
    start(r, status, "application/json; charset=UTF-8");
    buf_add(&r->body, text->data, text->len);
}

void respond_json_result(struct response *r, int status, json_t *result)
{
    respond_json(r, status, json_pack("{s:o}", "result", result));
}

void respond_json_text(struct response *r, int status, const char *key, const char *text)
{
    respond_json(r, status, json_pack("{s:o}", key, utf8_json(text, strlen(text))));
}

void respond_redirect(struct response *r, const char *location)
{
    respond_page(r, 303);
    r->location = location;
}

void respond_page(struct response *r, int status)
{
    start(r, status, "text/html; charset=UTF-8");
    r->is_page = true;
}

int respond_status(enum err_kind kind)
{
    switch (kind) {
    case ERR_INVALID:
        return 400;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_BUSY:
        return 503;
    case ERR_REFUSED:
    case ERR_INTERNAL:
        break;
    }
    return 500;
}

void response_write(const struct response *r, bool is_head, struct buf *out)
{
    buf_printf(out, "Status: %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", r->status,
               reason_phrase(r->status), r->content_type, r->body.len);
    buf_str(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (r->allow != NULL)
        buf_printf(out, "Allow: %s\r\n", r->allow);
    if (r->location != NULL)
        buf_printf(out, "Location: %s\r\n", r->location);
    if (r->retry_after > 0)
        buf_printf(out, "Retry-After: %d\r\n", r->retry_after);
    if (r->is_page)
        buf_str(out, "Content-Security-Policy: " PAGE_POLICY "\r\n"
                     "Referrer-Policy: same-origin\r\n");
    buf_str(out, "\r\n");
    if (!is_head)
        buf_add(out, r->body.data, r->body.len);
}
