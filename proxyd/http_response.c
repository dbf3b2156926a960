/* Response heads: the status line, and how long the body is (RFC 9112, 4 and 6.3). */
#include "http_internal.h"

#include <string.h>

/* HTTP/1.x SP 3DIGIT [ SP reason ] CRLF; the SP before an empty reason is required by RFC 9112, but
 * many servers leave it out, and nothing can be misread. Returns the offset behind it, 0 when
 * malformed. */
static size_t parse_status_line(const char *buf, size_t len, struct http_response *r)
{
    const size_t fixed = sizeof("HTTP/1.1 200") - 1;
    if (len < fixed + 2 || memcmp(buf, "HTTP/1.", 7) != 0 || (buf[7] != '0' && buf[7] != '1') ||
        buf[8] != ' ')
        return 0;
    r->minor = buf[7] - '0';
    r->status = 0;
    for (size_t i = 9; i < fixed; i++) {
        if (buf[i] < '0' || buf[i] > '9')
            return 0;
        r->status = r->status * 10 + (buf[i] - '0');
    }
    if (r->status < 100 || r->status > 599)
        return 0;
    size_t at = fixed;
    if (buf[at] == ' ')
        at++;
    else if (buf[at] != '\r')
        return 0;
    size_t reason = at;
    at = http_skip_text(buf, at, len);
    if (at + 2 > len || buf[at] != '\r' || buf[at + 1] != '\n')
        return 0;
    r->reason = http_slice_of(reason, at);
    return at + 2;
}

/* RFC 9112, 6.3, in its order. 1xx and 204 must not carry framing at all (RFC 9110, 8.6); a 204
 * with `Content-Length: 0` is common and means the same to everybody. Returns 0 or -1. */
static int decide_body(enum http_method method, const struct http_framing *framing,
                       struct http_response *r)
{
    bool bodyless = r->status < 200 || r->status == 204;
    r->content_length = framing->length;
    r->body = HTTP_BODY_NONE;
    if (bodyless && framing->has_chunked)
        return -1;
    if (bodyless && framing->has_length && (r->status != 204 || framing->length != 0))
        return -1;
    if (bodyless || r->status == 304 || method == HTTP_METHOD_HEAD)
        return 0;
    if (method == HTTP_METHOD_CONNECT && r->status < 300)
        return 0;
    if (framing->has_chunked)
        r->body = HTTP_BODY_CHUNKED;
    else if (framing->has_length)
        r->body = HTTP_BODY_LENGTH;
    else
        r->body = HTTP_BODY_UNTIL_CLOSE;
    return 0;
}

int http_parse_response(const char *buf, size_t len, enum http_method method,
                        struct http_response *r)
{
    struct http_connection connection;
    struct http_framing framing;
    size_t at = parse_status_line(buf, len, r);
    if (at == 0 || http_fields_parse(buf, at, len, &r->fields) != 0 ||
        http_fields_framing(buf, &r->fields, r->minor, &framing) != 0 ||
        http_fields_connection(buf, &r->fields, &connection) != 0)
        return -1;
    if (decide_body(method, &framing, r) < 0)
        return -1;
    r->keep_alive = !connection.close && (r->minor == 1 || connection.keep_alive) &&
                    r->body != HTTP_BODY_UNTIL_CLOSE;
    r->upgrade = r->status == 101 && r->minor == 1 && connection.upgrade &&
                 http_fields_websocket(buf, &r->fields);
    return 0;
}
