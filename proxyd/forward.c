#include "forward.h"

#include <string.h>

#include "auth_cookie.h"

static void add(struct forward *f, const char *bytes, size_t len)
{
    f->iov[f->n++] = (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

static void add_text(struct forward *f, const char *literal)
{
    add(f, literal, strlen(literal));
}

static void add_slice(struct forward *f, const char *buf, struct http_slice s)
{
    add(f, buf + s.at, s.len);
}

/* Composed in f->text. Its uses are few and short: FORWARD_TEXT has room for them all. */
static void add_number(struct forward *f, uint64_t number)
{
    char digits[20], *at = f->text + f->text_len;
    size_t n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    for (size_t i = 0; i < n; i++)
        at[i] = digits[n - 1 - i];
    f->text_len += n;
    add(f, at, n);
}

/* Lines that follow each other in the buffer and all pass become one piece. */
static void add_line(struct forward *f, const char *buf, struct http_slice line)
{
    struct iovec *last = f->n > 0 ? &f->iov[f->n - 1] : NULL;

    if (last && (const char *)last->iov_base + last->iov_len == buf + line.at)
        last->iov_len += line.len;
    else
        add_slice(f, buf, line);
}

/* A Cookie may have been rewritten: its value is then shorter than its line. */
static void add_field(struct forward *f, const char *buf, const struct http_field *field)
{
    struct http_slice to_value = {field->line.at,
                                  field->value.at + field->value.len - field->line.at};

    if (field->id != HTTP_FIELD_COOKIE || to_value.len + 2 == field->line.len)
        add_line(f, buf, field->line);
    else {
        add_line(f, buf, to_value);
        add_text(f, "\r\n");
    }
}

static const struct http_field *find(const struct http_fields *fields, enum http_field_id id)
{
    for (size_t i = 0; i < fields->len; i++)
        if (fields->items[i].id == id)
            return &fields->items[i];
    return NULL;
}

static void add_framing(struct forward *f, enum http_body body, uint64_t length)
{
    if (body == HTTP_BODY_CHUNKED)
        add_text(f, "Transfer-Encoding: chunked\r\n");
    else if (body == HTTP_BODY_LENGTH) {
        add_text(f, "Content-Length: ");
        add_number(f, length);
        add_text(f, "\r\n");
    }
}

/* When both sides want to leave HTTP (RFC 9110, 7.8). Whatever else was offered is not: a protocol
 * that is not known here would carry requests past all that is looked at here. */
static const char upgrade[] = "Connection: upgrade\r\nUpgrade: websocket\r\n";

/* --- requests --------------------------------------------------------------------------------- */

static void add_request_line(struct forward *f, const char *buf, const struct http_request *r)
{
    if (r->form == HTTP_TARGET_ORIGIN && r->minor == 1) {
        const struct http_field *first = r->fields.len ? &r->fields.items[0] : NULL;
        uint32_t end = first ? first->line.at : 0;
        if (end > r->method_text.at) { /* as it came: it has only one way to be written */
            add(f, buf + r->method_text.at, end - r->method_text.at);
            return;
        }
    }
    add_slice(f, buf, r->method_text);
    add_text(f, " ");
    if (r->path.len > 0)
        add_slice(f, buf, r->path);
    else if (r->method == HTTP_METHOD_OPTIONS && r->query.len == 0)
        add_text(f, "*"); /* RFC 9112, 3.2.4 */
    else {
        add_text(f, "/");
        add_slice(f, buf, r->query);
    }
    add_text(f, " HTTP/1.1\r\n");
}

static void add_forwarded(struct forward *f, const char *buf, const struct http_request *r,
                          const char *peer)
{
    add_text(f, "X-Forwarded-For: ");
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *field = &r->fields.items[i];
        if (field->id != HTTP_FIELD_X_FORWARDED_FOR || field->value.len == 0)
            continue;
        add_slice(f, buf, field->value);
        add_text(f, ", ");
    }
    add_text(f, peer);
    add_text(f, "\r\n");
    if (!find(&r->fields, HTTP_FIELD_X_FORWARDED_PROTO))
        add_text(f, "X-Forwarded-Proto: http\r\n");
    if (r->authority.len > 0 && !find(&r->fields, HTTP_FIELD_X_FORWARDED_HOST)) {
        add_text(f, "X-Forwarded-Host: ");
        add_slice(f, buf, r->authority);
        add_text(f, "\r\n");
    }
}

void forward_request(struct forward *f, const char *buf, const struct http_request *r,
                     const char *peer)
{
    f->n = 0;
    f->text_len = 0;
    add_request_line(f, buf, r);
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *field = &r->fields.items[i];
        if (!field->hop_by_hop && field->id != HTTP_FIELD_X_FORWARDED_FOR &&
            field->id != HTTP_FIELD_CONTENT_LENGTH && field->id != HTTP_FIELD_TRANSFER_ENCODING)
            add_field(f, buf, field);
    }
    if (r->authority.len > 0 && !find(&r->fields, HTTP_FIELD_HOST)) {
        add_text(f, "Host: ");
        add_slice(f, buf, r->authority);
        add_text(f, "\r\n");
    }
    add_forwarded(f, buf, r, peer);
    /* A POST without a body says so (RFC 9110, 8.6): web servers answer 411 otherwise. */
    add_framing(
        f, r->method == HTTP_METHOD_POST && r->body == HTTP_BODY_NONE ? HTTP_BODY_LENGTH : r->body,
        r->content_length);
    if (r->upgrade)
        add_text(f, upgrade);
    add_text(f, "\r\n");
}

void forward_waiting(struct forward *f, const char *buf, const struct http_request *r,
                     const char *host, struct http_slice cookie, bool wakes)
{
    f->n = 0;
    f->text_len = 0;
    add_text(f, r->method == HTTP_METHOD_HEAD ? "HEAD" : "GET");
    add_text(f, wakes ? " /starting HTTP/1.1\r\nHost: " : " /starting?wakes=no HTTP/1.1\r\nHost: ");
    add_text(f, host);
    add_text(f, "\r\n");
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *field = &r->fields.items[i];
        if (!field->hop_by_hop &&
            (field->id == HTTP_FIELD_ACCEPT ||
             http_name_is(buf + field->name.at, field->name.len, "accept-language")))
            add_line(f, buf, field->line);
    }
    if (cookie.len > 0) {
        add_text(f, "Cookie: " AUTH_COOKIE_NAME "=");
        add_slice(f, buf, cookie);
        add_text(f, "\r\n");
    }
    add_text(f, "\r\n");
}

/* --- responses -------------------------------------------------------------------------------- */

struct forward_plan forward_plan(const struct http_response *r, int client_minor, bool keep_alive)
{
    bool unknown_length = r->body == HTTP_BODY_CHUNKED || r->body == HTTP_BODY_UNTIL_CLOSE;

    if (!unknown_length)
        return (struct forward_plan){.keep_alive = keep_alive};
    if (client_minor == 0) /* no chunks in HTTP/1.0: the end of the connection ends the body */
        return (struct forward_plan){0};
    return (struct forward_plan){.out_chunked = true, .keep_alive = keep_alive};
}

static void add_status_line(struct forward *f, const char *buf, const struct http_response *r)
{
    add_text(f, "HTTP/1.1 ");
    add_number(f, (uint64_t)r->status);
    add_text(f, " ");
    add_slice(f, buf, r->reason);
    add_text(f, "\r\n");
}

/* A Content-Length without a body tells how long it would be (RFC 9110, 8.6): HEAD, 304. */
static void add_response_framing(struct forward *f, const struct http_response *r,
                                 const struct forward_plan *plan)
{
    if (plan->out_chunked)
        add_text(f, "Transfer-Encoding: chunked\r\n");
    else if (r->body == HTTP_BODY_LENGTH ||
             (r->body == HTTP_BODY_NONE && r->has_length && r->status != 204))
        add_framing(f, HTTP_BODY_LENGTH, r->content_length);
}

void forward_response(struct forward *f, const char *buf, const struct http_response *r,
                      int client_minor, const struct forward_plan *plan)
{
    f->n = 0;
    f->text_len = 0;
    add_status_line(f, buf, r);
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *field = &r->fields.items[i];
        if (!field->hop_by_hop && field->id != HTTP_FIELD_CONTENT_LENGTH &&
            field->id != HTTP_FIELD_TRANSFER_ENCODING)
            add_line(f, buf, field->line);
    }
    if (r->status == 101)
        add_text(f, upgrade);
    else if (r->status >= 200) {
        add_response_framing(f, r, plan);
        if (!plan->keep_alive)
            add_text(f, "Connection: close\r\n");
        else if (client_minor == 0)
            add_text(f, "Connection: keep-alive\r\n");
    }
    add_text(f, "\r\n");
}
