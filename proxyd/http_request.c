/* Request heads: the request line, the target's four forms, Host, Expect (RFC 9112, 3). */
#include "http_internal.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_LEN_MAX 255

/* --- the method --------------------------------------------------------------------------------
 */

static bool text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(text, word, len);
}

/* Methods are case-sensitive (RFC 9110, 9.1). */
static enum http_method method_of(const char *text, size_t len)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_METHOD_GET},         {"POST", HTTP_METHOD_POST},
        {"HEAD", HTTP_METHOD_HEAD},       {"PUT", HTTP_METHOD_PUT},
        {"DELETE", HTTP_METHOD_DELETE},   {"PATCH", HTTP_METHOD_PATCH},
        {"OPTIONS", HTTP_METHOD_OPTIONS}, {"CONNECT", HTTP_METHOD_CONNECT},
        {"TRACE", HTTP_METHOD_TRACE},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (text_is(text, len, methods[i].name))
            return methods[i].method;
    }
    return HTTP_METHOD_OTHER;
}

/* --- authorities ------------------------------------------------------------------------------ */

/* [ IPv6address ] at buf[0..len); returns its length with the brackets, 0 when it is none. */
static size_t ip_literal(const char *buf, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *close = memchr(buf, ']', len);
    if (!close || close == buf + 1 || (size_t)(close - buf) > sizeof(text))
        return 0;
    size_t inside = (size_t)(close - buf) - 1;
    memcpy(text, buf + 1, inside);
    text[inside] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1 ? inside + 2 : 0;
}

/* uri-host [ ":" port ]. The name is narrower than RFC 3986's: letters, digits, `-._~`. A port
 * may be empty (RFC 3986, 3.2.3) and then counts as none: *has_port is false. Returns 0 or -1. */
static int parse_authority(const char *buf, struct http_slice text, struct http_slice *host,
                           bool *has_port)
{
    size_t at = text.at, end = (size_t)text.at + text.len;
    if (at < end && buf[at] == '[')
        at += ip_literal(buf + at, end - at);
    else
        while (at < end && http_byte_is(buf[at], HTTP_BYTE_HOST))
            at++;
    if (at == text.at || at - text.at > HOST_LEN_MAX)
        return -1;
    *host = http_slice_of(text.at, at);
    *has_port = false;
    if (at == end)
        return 0;
    if (buf[at++] != ':' || end - at > 5)
        return -1;
    unsigned port = 0;
    *has_port = at < end;
    for (; at < end; at++) {
        if (buf[at] < '0' || buf[at] > '9')
            return -1;
        port = port * 10 + (unsigned)(buf[at] - '0');
    }
    return port <= 65535 ? 0 : -1;
}

/* An authority without a port that is the scheme's own, and so adds nothing (RFC 9110, 4.2.3). */
static struct http_slice without_port(const char *buf, struct http_slice authority,
                                      const char *port)
{
    size_t len = strlen(port);

    if (authority.len > len && !memcmp(buf + authority.at + authority.len - len, port, len))
        authority.len -= (uint32_t)len;
    else if (authority.len > 1 && buf[authority.at + authority.len - 1] == ':')
        authority.len--;
    return authority;
}

static bool same_ignoring_case(const char *buf, struct http_slice a, struct http_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = buf[a.at + i], y = buf[b.at + i];
        if (x >= 'A' && x <= 'Z')
            x = (char)(x | 0x20);
        if (y >= 'A' && y <= 'Z')
            y = (char)(y | 0x20);
        if (x != y)
            return false;
    }
    return true;
}

/* Exactly one Host; HTTP/1.0 may go without (RFC 9112, 3.2). `*value` is the whole value. */
static int parse_host(const char *buf, struct http_request *r, struct http_slice *value)
{
    const struct http_field *found = NULL;
    bool has_port;
    for (size_t i = 0; i < r->fields.len; i++) {
        if (r->fields.items[i].id != HTTP_FIELD_HOST)
            continue;
        if (found)
            return -1;
        found = &r->fields.items[i];
    }
    *value = found ? found->value : (struct http_slice){0};
    r->authority = *value;
    if (!found)
        return r->minor == 0 ? 0 : -1;
    return value->len == 0 ? 0 : parse_authority(buf, *value, &r->host, &has_port);
}

/* --- targets (RFC 9112, 3.2) ------------------------------------------------------------------ */

/* Length of the scheme and its `://`, 0 when the target does not begin with one of the two. */
static size_t scheme_length(const char *target, size_t len)
{
    if (len > 7 && http_name_is(target, 7, "http://"))
        return 7;
    return len > 8 && http_name_is(target, 8, "https://") ? 8 : 0;
}

/* Whether there is a Host field, even an empty one. */
static bool has_host(struct http_slice host_value)
{
    return host_value.at != 0; /* no field begins at the head's first byte */
}

/* absolute-form: http(s)://authority[path][?query]. The authority must be Host's: RFC 9112, 3.2.2
 * lets the target win, but a task that looks at Host would see another one. */
static int parse_absolute(const char *buf, size_t scheme, struct http_slice host_value,
                          struct http_request *r)
{
    size_t start = r->target.at + scheme, end = (size_t)r->target.at + r->target.len;
    size_t at = start;
    const char *port = scheme == sizeof("http://") - 1 ? ":80" : ":443";
    struct http_slice host;
    bool has_port;
    while (at < end && buf[at] != '/' && buf[at] != '?')
        at++;
    struct http_slice authority = http_slice_of(start, at);
    if (parse_authority(buf, authority, &host, &has_port) < 0 ||
        (has_host(host_value) && !same_ignoring_case(buf, without_port(buf, authority, port),
                                                     without_port(buf, host_value, port))))
        return -1;
    r->form = HTTP_TARGET_ABSOLUTE;
    if (!has_host(host_value)) { /* HTTP/1.0: its Host is written for it */
        r->authority = authority;
        r->host = host;
    }
    if (at < end && buf[at] == '?')
        r->query = http_slice_of(at, end);
    else
        r->path = http_slice_of(at, end);
    return 0;
}

static int parse_target(const char *buf, struct http_slice host_value, struct http_request *r)
{
    const char *target = buf + r->target.at;
    r->path = r->query = (struct http_slice){.at = r->target.at};
    if (r->method == HTTP_METHOD_CONNECT) {
        struct http_slice host;
        bool has_port;
        r->form = HTTP_TARGET_AUTHORITY;
        if (parse_authority(buf, r->target, &host, &has_port) < 0 || !has_port)
            return -1;
        return same_ignoring_case(buf, r->target, host_value) ? 0 : -1;
    }
    if (target[0] == '/') {
        r->form = HTTP_TARGET_ORIGIN;
        r->path = r->target;
        return 0;
    }
    if (r->target.len == 1 && target[0] == '*') {
        r->form = HTTP_TARGET_ASTERISK;
        r->path = r->target;
        return r->method == HTTP_METHOD_OPTIONS ? 0 : -1;
    }
    size_t scheme = scheme_length(target, r->target.len);
    return scheme > 0 ? parse_absolute(buf, scheme, host_value, r) : -1;
}

/* --- the whole head --------------------------------------------------------------------------- */

/* The line that begins at buf[at]; returns the offset of the first field line, 0 when malformed. */
static size_t parse_request_line(const char *buf, size_t at, size_t len, struct http_request *r)
{
    const char *cr = memchr(buf + at, '\r', len - at);
    if (!cr || cr + 1 == buf + len || cr[1] != '\n')
        return 0;
    size_t end = (size_t)(cr - buf);
    if (http_request_line(buf + at, end - at, &r->method_text, &r->target) < 0)
        return 0;
    r->method_text.at += (uint32_t)at;
    r->target.at += (uint32_t)at;
    r->method = method_of(buf + r->method_text.at, r->method_text.len);
    return end + 2;
}

/* The only expectation there is; another gets 417 (RFC 9110, 10.1.1). HTTP/1.0 has none. */
static int parse_expect(const char *buf, struct http_request *r)
{
    r->expect_continue = false;
    for (size_t i = 0; i < r->fields.len; i++) {
        struct http_field *f = &r->fields.items[i];
        if (f->id != HTTP_FIELD_EXPECT)
            continue;
        if (f->value.len == 0) { /* expects nothing */
            f->hop_by_hop = true;
            continue;
        }
        if (!http_name_is(buf + f->value.at, f->value.len, "100-continue"))
            return http_fault(&r->fields, 417, "its Expect is not 100-continue");
        r->expect_continue = r->minor == 1;
    }
    return 0;
}

/* Framing and what the connection is to become. */
static int parse_meaning(const char *buf, struct http_request *r)
{
    struct http_connection connection;
    struct http_framing framing;
    int status = http_fields_framing(buf, &r->fields, r->minor, true, &framing);
    if (status == 0)
        status = http_fields_connection(buf, &r->fields, &connection);
    if (status != 0)
        return status;
    /* CONNECT has no body (RFC 9110, 9.3.6); what follows one that claims to is anybody's guess. */
    if (r->method == HTTP_METHOD_CONNECT && (framing.has_chunked || framing.has_length))
        return http_fault(&r->fields, 400, "CONNECT has no body");
    r->body = HTTP_BODY_NONE;
    if (framing.has_chunked)
        r->body = HTTP_BODY_CHUNKED;
    else if (framing.has_length)
        r->body = HTTP_BODY_LENGTH;
    r->content_length = framing.length;
    r->keep_alive = !connection.close && (r->minor == 1 || connection.keep_alive);
    r->upgrade = r->minor == 1 && connection.upgrade && http_fields_websocket(buf, &r->fields);
    return parse_expect(buf, r);
}

int http_parse_request(const char *buf, size_t len, struct http_request *r)
{
    struct http_slice host_value;
    size_t at = 0;
    while (at < 4 && at + 2 <= len && buf[at] == '\r' && buf[at + 1] == '\n')
        at += 2;
    at = parse_request_line(buf, at, len, r);
    if (at == 0)
        return http_fault(&r->fields, 400, "its first line is no request line");
    const char *version = buf + r->target.at + r->target.len + 1;
    if (version[5] != '1' || version[7] > '1')
        return http_fault(&r->fields, 505, "it is of another version than HTTP/1.0 and HTTP/1.1");
    r->minor = version[7] - '0';
    r->host = (struct http_slice){0};
    if (r->target.len > HTTP_TARGET_MAX)
        return http_fault(&r->fields, 414, "its target is longer than 16 KiB");
    int status = http_fields_parse(buf, at, len, &r->fields);
    if (status != 0)
        return status;
    if (parse_host(buf, r, &host_value) < 0)
        return http_fault(&r->fields, 400, "it has no Host, two of them, or a malformed one");
    if (parse_target(buf, host_value, r) < 0)
        return http_fault(&r->fields, 400,
                          "its target is malformed, or names another host than Host");
    return parse_meaning(buf, r);
}
