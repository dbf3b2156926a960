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

/* 1xx, 204 and 304 end at their head, whatever framing they carry (RFC 9112, 6.3). */
static bool is_bodyless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* RFC 9112, 6.3, in its order. */
static enum http_body body_of(const struct http_response *r, enum http_method method,
                              const struct http_framing *framing)
{
    if (is_bodyless(r->status) || method == HTTP_METHOD_HEAD ||
        (method == HTTP_METHOD_CONNECT && r->status < 300))
        return HTTP_BODY_NONE;
    if (framing->has_chunked)
        return HTTP_BODY_CHUNKED;
    return framing->has_length ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
}

/* Whether bytes may follow a head behind which there is no body: the next answer on this connection
 * would begin with them. A 304 may tell the length of what it does not send (RFC 9110, 8.6). */
static bool claims_body(const struct http_response *r, const struct http_framing *framing)
{
    return is_bodyless(r->status) &&
           (framing->has_chunked || (framing->length > 0 && r->status != 304));
}

int http_parse_response(const char *buf, size_t len, enum http_method method,
                        struct http_response *r)
{
    struct http_connection connection;
    struct http_framing framing;
    size_t at = parse_status_line(buf, len, r);
    bool framed = true;

    if (at == 0) {
        r->fields.fault = "its first line is no status line of HTTP/1.x";
        return -1;
    }
    if (http_fields_parse(buf, at, len, &r->fields) != 0)
        return -1;
    if (http_fields_framing(buf, &r->fields, r->minor, false, &framing) != 0) {
        if (!is_bodyless(r->status))
            return -1;
        framed = false;
        framing = (struct http_framing){0};
    }
    if (http_fields_connection(buf, &r->fields, &connection) != 0)
        return -1;
    r->body = body_of(r, method, &framing);
    r->has_length = framing.has_length;
    r->content_length = framing.length;
    r->keep_alive = !connection.close && (r->minor == 1 || connection.keep_alive) && framed &&
                    r->body != HTTP_BODY_UNTIL_CLOSE && !claims_body(r, &framing);
    r->upgrade = r->status == 101 && r->minor == 1 && connection.upgrade &&
                 http_fields_websocket(buf, &r->fields);
    return 0;
}
