/* What every HTTP/1.1 head has in common: its end, its field lines, what Connection and the framing
 * fields mean. One pass over the bytes, with a table of classes; the request and status lines are
 * in http_request.c and http_response.c, chunked bodies in http_chunked.c. */
#include "http_internal.h"

#include <string.h>

/* More connection options than this have no honest use, and marking is options times fields. */

/* clang-format off */
#define O 0
#define S HTTP_BYTE_TEXT
#define D (HTTP_BYTE_TEXT | HTTP_BYTE_TARGET)
#define K (HTTP_BYTE_TEXT | HTTP_BYTE_TOKEN)
#define T (HTTP_BYTE_TEXT | HTTP_BYTE_TARGET | HTTP_BYTE_TOKEN)
#define N (HTTP_BYTE_TEXT | HTTP_BYTE_TARGET | HTTP_BYTE_TOKEN | HTTP_BYTE_HOST)
#define X (HTTP_BYTE_TEXT | HTTP_BYTE_TARGET | HTTP_BYTE_TOKEN | HTTP_BYTE_HOST | HTTP_BYTE_HEX)
const uint8_t http_byte_class[256] = {
    O, O, O, O, O, O, O, O, O, S, O, O, O, O, O, O, /* 00 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 10 */
    S, T, D, K, T, T, T, T, D, D, T, T, D, N, N, D, /* 20 */
    X, X, X, X, X, X, X, X, X, X, D, D, D, D, D, D, /* 30 */
    D, X, X, X, X, X, X, N, N, N, N, N, N, N, N, N, /* 40 */
    N, N, N, N, N, N, N, N, N, N, N, D, D, D, T, N, /* 50 */
    T, X, X, X, X, X, X, N, N, N, N, N, N, N, N, N, /* 60 */
    N, N, N, N, N, N, N, N, N, N, N, D, T, D, N, O, /* 70 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* 80 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* 90 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* a0 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* b0 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* c0 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* d0 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* e0 */
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* f0 */
};
#undef O
#undef S
#undef D
#undef K
#undef T
#undef N
#undef X
/* clang-format on */

bool http_name_is(const char *text, size_t len, const char *lower_case_name)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c != lower_case_name[i]) /* a name that ends here differs too: c is no NUL in a token */
            return false;
        if (!c)
            return false;
    }
    return !lower_case_name[len];
}

/* --- the request line ------------------------------------------------------------------------- */

int http_request_line(const char *buf, size_t len, struct http_slice *method,
                      struct http_slice *target)
{
    size_t at = 0;
    while (at < len && http_byte_is(buf[at], HTTP_BYTE_TOKEN))
        at++;
    if (at == 0 || at > HTTP_METHOD_LEN_MAX || at == len || buf[at] != ' ')
        return -1;
    *method = http_slice_of(0, at);
    size_t start = ++at;
    /* Browsers send `"<>\^{|}` raw in queries, which RFC 3986 forbids; no parser splits a line at
     * them, so they pass. `#` would cut the target for whoever takes fragments seriously. */
    while (at < len && http_byte_is(buf[at], HTTP_BYTE_TARGET))
        at++;
    if (at == start || len - at != sizeof(" HTTP/1.1") - 1)
        return -1;
    *target = http_slice_of(start, at);
    const char *version = buf + at;
    if (memcmp(version, " HTTP/", 6) != 0 || version[6] < '0' || version[6] > '9' ||
        version[7] != '.' || version[8] < '0' || version[8] > '9')
        return -1;
    return 0;
}

/* --- the end of a head ------------------------------------------------------------------------ */

/* Empty lines that a request may come behind (RFC 9112, 2.2); two are put up with. */
static size_t leading_empty_lines(const char *buf, size_t len)
{
    size_t at = 0;
    while (at < 4 && at + 2 <= len && buf[at] == '\r' && buf[at + 1] == '\n')
        at += 2;
    return at;
}

/* Whether buf[0..len), a first line not whole yet, can still become a request line. */
static bool may_be_request(const char *buf, size_t len)
{
    for (size_t i = 0; i < len && i <= HTTP_METHOD_LEN_MAX; i++) {
        if (buf[i] == ' ')
            return i > 0;
        if (!http_byte_is(buf[i], HTTP_BYTE_TOKEN))
            return i == 0 && buf[i] == '\r'; /* an empty line whose LF is to come */
    }
    return len <= HTTP_METHOD_LEN_MAX;
}

/* *scanned is twice the offset at which to go on, plus 1 once the first line was found good.
 * That, and the byte before the offset, is all there is to remember. */
long http_head_end(const char *buf, size_t len, bool is_request, size_t *scanned)
{
    size_t at = *scanned / 2;
    bool first_line = *scanned % 2 == 0;
    size_t start = is_request ? leading_empty_lines(buf, len) : 0;
    if (at < start)
        at = start;
    while (at < len) {
        at = http_skip_text(buf, at, len);
        if (at == len)
            break;
        if (buf[at] != '\r')
            return -1;
        if (at + 1 == len)
            break;
        if (buf[at + 1] != '\n')
            return -1;
        struct http_slice method, target;
        if (at == start || buf[at - 1] == '\n')
            return first_line ? -1 : (long)at + 2;
        if (first_line && is_request &&
            http_request_line(buf + start, at - start, &method, &target) < 0)
            return -1;
        first_line = false;
        at += 2;
    }
    if (first_line && is_request && !may_be_request(buf + start, len - start))
        return -1;
    *scanned = at * 2 + (first_line ? 0 : 1);
    return 0;
}

/* --- field lines ------------------------------------------------------------------------------ */

/* The names that mean something to a proxy, by their length; the last of a length is empty. */
static const struct known {
    char name[20];
    enum http_field_id id;
} known[][4] = {
    [2] = {{"te", HTTP_FIELD_TE}},
    [4] = {{"host", HTTP_FIELD_HOST}},
    [6] = {{"accept", HTTP_FIELD_ACCEPT},
           {"cookie", HTTP_FIELD_COOKIE},
           {"expect", HTTP_FIELD_EXPECT}},
    [7] = {{"upgrade", HTTP_FIELD_UPGRADE}, {"trailer", HTTP_FIELD_TRAILER}},
    [10] = {{"connection", HTTP_FIELD_CONNECTION},
            {"keep-alive", HTTP_FIELD_KEEP_ALIVE},
            {"set-cookie", HTTP_FIELD_SET_COOKIE}},
    [14] = {{"content-length", HTTP_FIELD_CONTENT_LENGTH},
            {"http2-settings", HTTP_FIELD_HTTP2_SETTINGS}},
    [15] = {{"x-forwarded-for", HTTP_FIELD_X_FORWARDED_FOR},
            {"clear-site-data", HTTP_FIELD_CLEAR_SITE_DATA}},
    [16] = {{"x-forwarded-host", HTTP_FIELD_X_FORWARDED_HOST},
            {"proxy-connection", HTTP_FIELD_PROXY_CONNECTION}},
    [17] = {{"transfer-encoding", HTTP_FIELD_TRANSFER_ENCODING},
            {"x-forwarded-proto", HTTP_FIELD_X_FORWARDED_PROTO}},
    [18] = {{"proxy-authenticate", HTTP_FIELD_PROXY_AUTHENTICATE}},
    [19] = {{"proxy-authorization", HTTP_FIELD_PROXY_AUTHORIZATION}},
};

/* RFC 9110, 7.6.1. Content-Length is here because whoever forwards a body frames it anew. Trailer
 * is not: trailers are forwarded, and so is their announcement. */
static bool always_hop_by_hop(enum http_field_id id)
{
    switch (id) {
    case HTTP_FIELD_CONNECTION:
    case HTTP_FIELD_CONTENT_LENGTH:
    case HTTP_FIELD_HTTP2_SETTINGS:
    case HTTP_FIELD_KEEP_ALIVE:
    case HTTP_FIELD_PROXY_AUTHENTICATE:
    case HTTP_FIELD_PROXY_AUTHORIZATION:
    case HTTP_FIELD_PROXY_CONNECTION:
    case HTTP_FIELD_TE:
    case HTTP_FIELD_TRANSFER_ENCODING:
    case HTTP_FIELD_UPGRADE:
        return true;
    default:
        return false;
    }
}

/* Sets id and hop_by_hop by the name alone. A name that is not quite a known one (Content_Length)
 * is that name for some servers behind: it goes no further. */
static void identify(struct http_field *f, const char *name)
{
    bool exact;

    f->id = HTTP_FIELD_OTHER;
    f->hop_by_hop = false;
    if (f->name.len >= sizeof known / sizeof *known)
        return;
    for (const struct known *k = known[f->name.len]; *k->name; k++)
        if (http_name_is_like(name, k->name, f->name.len, &exact)) {
            f->id = exact ? k->id : HTTP_FIELD_OTHER;
            f->hop_by_hop = !exact || always_hop_by_hop(k->id);
            return;
        }
}

/* Reads the field line at buf[at] into *f. Returns the offset behind its CRLF, 0 when malformed: no
 * token directly before the colon (an obs-fold begins with a space, so it ends here too), or
 * another byte than text before the CRLF. */
static size_t parse_field(const char *buf, size_t at, size_t len, struct http_field *f)
{
    size_t start = at;
    while (at < len && http_byte_is(buf[at], HTTP_BYTE_TOKEN))
        at++;
    if (at == start || at == len || buf[at] != ':')
        return 0;
    f->name = http_slice_of(start, at);
    identify(f, buf + start);
    at++;
    while (at < len && (buf[at] == ' ' || buf[at] == '\t'))
        at++;
    size_t value = at;
    at = http_skip_text(buf, at, len);
    if (at + 2 > len || buf[at] != '\r' || buf[at + 1] != '\n')
        return 0;
    size_t end = at;
    while (end > value && (buf[end - 1] == ' ' || buf[end - 1] == '\t'))
        end--;
    f->value = http_slice_of(value, end);
    f->line = http_slice_of(start, at + 2);
    return at + 2;
}

int http_fields_parse(const char *buf, size_t at, size_t len, struct http_fields *fields)
{
    fields->len = 0;
    while (at < len && buf[at] != '\r') {
        if (fields->len == HTTP_FIELDS_MAX)
            return http_fault(fields, 431, "it has more than 128 fields");
        at = parse_field(buf, at, len, &fields->items[fields->len]);
        if (at == 0)
            return http_fault(
                fields, 400,
                "a line is no field: no name, a space before the colon, a folded line, "
                "or a control byte");
        fields->len++;
    }
    if (at + 2 == len && buf[at + 1] == '\n')
        return 0;
    return http_fault(fields, 400, "its last line is malformed");
}

/* --- Upgrade ---------------------------------------------------------------------------------- */

/* Whether `token` is an element of the list (RFC 9110, 5.6.1). */
static bool list_has(const char *buf, struct http_slice value, const char *token)
{
    size_t at = value.at, end = (size_t)value.at + value.len;

    while (at < end) {
        size_t start, stop;
        while (at < end && (buf[at] == ',' || buf[at] == ' ' || buf[at] == '\t'))
            at++;
        start = at;
        while (at < end && buf[at] != ',')
            at++;
        for (stop = at; stop > start && (buf[stop - 1] == ' ' || buf[stop - 1] == '\t'); stop--)
            ;
        if (http_name_is(buf + start, stop - start, token))
            return true;
    }
    return false;
}

bool http_fields_websocket(const char *buf, const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->len; i++)
        if (fields->items[i].id == HTTP_FIELD_UPGRADE &&
            list_has(buf, fields->items[i].value, "websocket"))
            return true;
    return false;
}

/* --- framing ---------------------------------------------------------------------------------- */

/* 1*DIGIT below 2^63: no sign, no list, no space, which is where parsers begin to differ. */
static int parse_length(const char *text, size_t len, uint64_t *out)
{
    uint64_t n = 0;
    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (n > (INT64_MAX - digit) / 10)
            return -1;
        n = n * 10 + digit;
    }
    *out = n;
    return 0;
}

/* One Content-Length field. A list of equal lengths may be one (RFC 9112, 6.3) in a response. */
static int take_length(const char *buf, struct http_fields *fields, struct http_slice value,
                       bool is_request, struct http_framing *f)
{
    size_t at = value.at, end = (size_t)value.at + value.len;

    for (;;) {
        size_t start = at;
        uint64_t length;
        while (at < end && (is_request || buf[at] != ','))
            at++;
        if (parse_length(buf + start, at - start, &length) < 0)
            return http_fault(fields, 400, "Content-Length is no number");
        if (f->has_length && is_request)
            return http_fault(fields, 400, "there are two Content-Lengths");
        if (f->has_length && f->length != length)
            return http_fault(fields, 400, "two Content-Lengths differ");
        f->has_length = true;
        f->length = length;
        if (at == end)
            return 0;
        for (at++; at < end && (buf[at] == ' ' || buf[at] == '\t'); at++)
            ;
    }
}

int http_fields_framing(const char *buf, struct http_fields *fields, int minor, bool is_request,
                        struct http_framing *f)
{
    bool other_coding = false;
    *f = (struct http_framing){0};
    for (size_t i = 0; i < fields->len; i++) {
        const struct http_field *field = &fields->items[i];
        if (field->id == HTTP_FIELD_CONTENT_LENGTH) {
            int status = take_length(buf, fields, field->value, is_request, f);
            if (status != 0)
                return status;
        } else if (field->id == HTTP_FIELD_TRANSFER_ENCODING) {
            if (f->has_chunked || other_coding)
                return http_fault(fields, 400, "there are two Transfer-Encodings");
            f->has_chunked = http_name_is(buf + field->value.at, field->value.len, "chunked");
            other_coding = !f->has_chunked;
        }
    }
    if ((f->has_chunked || other_coding) && f->has_length)
        return http_fault(fields, 400, "it has both Content-Length and Transfer-Encoding");
    if ((f->has_chunked || other_coding) && minor == 0)
        return http_fault(fields, 400, "Transfer-Encoding is of HTTP/1.1, and it is HTTP/1.0");
    if (other_coding)
        return http_fault(fields, 501, "its Transfer-Encoding is not chunked");
    return 0;
}
