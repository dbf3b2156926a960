/* Chunked bodies (RFC 9112, 7.1): pieces of data, as they lie in the caller's buffer, and the
 * trailer section. Stricter than the grammar where nobody needs it: no white space in a request's
 * size lines. */
#include "http_internal.h"

#include <string.h>

#include "client_field.h"

#define SIZE_DIGITS_MAX 16
#define EXT_MAX         1024

static uint64_t hex_value(char c)
{
    return (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* What may stand behind a size: its padding, an extension, the end of the line. */
static int take_size_end(struct http_chunked *c, char byte)
{
    if (++c->ext > EXT_MAX)
        return -1;
    if (c->padded && (byte == ' ' || byte == '\t')) {
        c->state = HTTP_CHUNK_PADDING;
        return 0;
    }
    if (byte != ';' && byte != '\r')
        return -1;
    c->state = byte == ';' ? HTTP_CHUNK_EXT : HTTP_CHUNK_SIZE_LF;
    c->ext_last = ';';
    c->ext_quoted = c->ext_escaped = false;
    return 0;
}

static int take_size(struct http_chunked *c, char byte)
{
    if (http_byte_is(byte, HTTP_BYTE_HEX)) {
        if (c->digits == SIZE_DIGITS_MAX || c->left > INT64_MAX >> 4)
            return -1;
        c->left = c->left << 4 | hex_value(byte);
        c->digits++;
        return 0;
    }
    if (c->digits == 0)
        return -1;
    c->ext = 0;
    return take_size_end(c, byte);
}

static int take_quoted(struct http_chunked *c, char byte)
{
    if (!http_byte_is(byte, HTTP_BYTE_TEXT))
        return -1;
    if (c->ext_escaped)
        c->ext_escaped = false;
    else if (byte == '\\')
        c->ext_escaped = true;
    else if (byte == '"')
        c->ext_quoted = false;
    return 0;
}

/* chunk-ext = *( ";" name [ "=" ( token / quoted-string ) ] ), by the byte that came before. `;`
 * and
 * `=` need something behind them; a closing quote needs the next `;` or the end. */
static int take_ext(struct http_chunked *c, char byte)
{
    char last = c->ext_last;
    if (++c->ext > EXT_MAX)
        return -1;
    c->ext_last = byte;
    if (c->ext_quoted)
        return take_quoted(c, byte);
    if (http_byte_is(byte, HTTP_BYTE_TOKEN))
        return last == '"' ? -1 : 0;
    if (byte == '"') {
        c->ext_quoted = true;
        return last == '=' ? 0 : -1;
    }
    if (last == ';' || last == '=')
        return -1;
    if (byte == '\r')
        c->state = HTTP_CHUNK_SIZE_LF;
    else if (byte != ';' && (byte != '=' || last == '"'))
        return -1;
    return 0;
}

static int take_framing(struct http_chunked *c, char byte)
{
    switch (c->state) {
    case HTTP_CHUNK_SIZE:
        return take_size(c, byte);
    case HTTP_CHUNK_PADDING:
        return take_size_end(c, byte);
    case HTTP_CHUNK_EXT:
        return take_ext(c, byte);
    case HTTP_CHUNK_SIZE_LF:
        c->state = c->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
        return byte == '\n' ? 0 : -1;
    case HTTP_CHUNK_DATA_CR:
        c->state = HTTP_CHUNK_DATA_LF;
        return byte == '\r' ? 0 : -1;
    case HTTP_CHUNK_DATA_LF:
        c->state = HTTP_CHUNK_SIZE;
        c->digits = 0;
        return byte == '\n' ? 0 : -1;
    case HTTP_CHUNK_DATA:
    case HTTP_CHUNK_TRAILER:
        break;
    }
    return -1;
}

int http_chunked_next(struct http_chunked *c, const char *buf, size_t len, size_t *used,
                      struct http_slice *data)
{
    while (*used < len && c->state != HTTP_CHUNK_TRAILER) {
        if (c->state != HTTP_CHUNK_DATA) {
            if (take_framing(c, buf[*used]) < 0)
                return -1;
            ++*used;
            continue;
        }
        size_t n = len - *used;
        if (n > c->left)
            n = (size_t)c->left;
        *data = http_slice_of(*used, *used + n);
        *used += n;
        c->left -= n;
        if (c->left == 0)
            c->state = HTTP_CHUNK_DATA_CR;
        return 1;
    }
    return 0;
}

/* --- trailers --------------------------------------------------------------------------------- */

/* RFC 9110, 6.5.1: fields that govern framing, routing, request modifiers, authentication,
 * response control or the content's format come too late in a trailer. Merged into the head they
 * would change what others decided by it. The same holds for every field that has an id. */
static bool forbidden_in_trailer(const char *name, size_t len)
{
    static const char *const names[] = {
        "age",
        "authentication-info",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "expires",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "location",
        "max-forwards",
        "origin",
        "pragma",
        "proxy-authentication-info",
        "range",
        "retry-after",
        "vary",
        "www-authenticate",
    };
    bool exact;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (http_name_is(name, len, names[i]))
            return true;
    }
    return client_field_is(name, len, &exact);
}

/* Offset behind the empty line, 0 when it is not there yet, -1 at a byte that no line may have. */
static long trailer_end(const char *buf, size_t len, size_t *scanned)
{
    size_t at = *scanned;
    for (;;) {
        at = http_skip_text(buf, at, len);
        *scanned = at;
        if (at == len)
            return 0;
        if (buf[at] != '\r')
            return -1;
        if (at + 1 == len)
            return 0;
        if (buf[at + 1] != '\n')
            return -1;
        if (at == 0 || buf[at - 1] == '\n')
            return (long)at + 2;
        at += 2;
    }
}

long http_parse_trailers(const char *buf, size_t len, size_t *scanned, struct http_fields *fields)
{
    long end = trailer_end(buf, len, scanned);
    if (end <= 0)
        return end;
    if (http_fields_parse(buf, 0, (size_t)end, fields) != 0)
        return -1;
    for (size_t i = 0; i < fields->len; i++) {
        struct http_field *f = &fields->items[i];
        if (f->id != HTTP_FIELD_OTHER || forbidden_in_trailer(buf + f->name.at, f->name.len))
            f->hop_by_hop = true;
    }
    return end;
}
