/* What the files of the HTTP parser share; nobody else includes this. */
#ifndef MIRAGE_PROXYD_HTTP_INTERNAL_H
#define MIRAGE_PROXYD_HTTP_INTERNAL_H

#include <string.h>

#include "cgi_name.h"

#include "http.h"

/* Classes of bytes, bits of http_byte_class[]. */
enum {
    HTTP_BYTE_TOKEN = 1,  /* tchar (RFC 9110, 5.6.2) */
    HTTP_BYTE_TEXT = 2,   /* HTAB, SP, VCHAR, obs-text: what a value or a reason is made of */
    HTTP_BYTE_TARGET = 4, /* of a request target: visible ASCII but `#` */
    HTTP_BYTE_HOST = 8,   /* of a host name: letters, digits, `-._~` */
    HTTP_BYTE_HEX = 16
};
extern const uint8_t http_byte_class[256];

static inline bool http_byte_is(char c, int class)
{
    return (http_byte_class[(unsigned char)c] & class) != 0;
}

/* The offset of the first byte from `at` on that is no HTTP_BYTE_TEXT; len when all are. Eight
 * bytes at a time as long as none of them is a control byte or DEL (HTAB is left to the table). */
static inline size_t http_skip_text(const char *buf, size_t at, size_t len)
{
    const uint64_t ones = UINT64_MAX / 255, tops = ones * 0x80;

    while (len - at >= 8) {
        uint64_t word, del;
        memcpy(&word, buf + at, 8);
        del = word ^ ones * 0x7f;
        if ((((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & tops)
            break;
        at += 8;
    }
    while (at < len && http_byte_is(buf[at], HTTP_BYTE_TEXT))
        at++;
    return at;
}

/* What the Connection fields of one head ask for. */
struct http_connection {
    bool close;
    bool keep_alive;
    bool upgrade;
};

/* What the fields of one head say about its framing. */
struct http_framing {
    bool has_length;
    bool has_chunked;
    uint64_t length;
};

/* Reads field lines from buf[at] up to the empty line, which must end at len. Fills names, values,
 * ids and what is hop-by-hop by its name alone. Returns 0, 400, or 431. */
int http_fields_parse(const char *buf, size_t at, size_t len, struct http_fields *fields)
    __attribute__((warn_unused_result));

/* Reads the Connection fields and marks what they name. Returns 0 or 400. */
int http_fields_connection(const char *buf, struct http_fields *fields, struct http_connection *c)
    __attribute__((warn_unused_result));

/* Reads Content-Length and Transfer-Encoding (RFC 9112, 6.1 to 6.3). Lengths that agree are one in
 * a response, and an error in a request. Returns 0, 400, or 501. All of these say why by
 * http_fault(). */
int http_fields_framing(const char *buf, struct http_fields *fields, int minor, bool is_request,
                        struct http_framing *f) __attribute__((warn_unused_result));

/* Keeps why the head is refused. Returns the status. */
static inline int http_fault(struct http_fields *fields, int status, const char *why)
{
    fields->fault = why;
    return status;
}

/* Whether an Upgrade field names the WebSocket protocol (RFC 6455, 4.1). */
bool http_fields_websocket(const char *buf, const struct http_fields *fields)
    __attribute__((warn_unused_result));

/* Checks that buf[0..len), a line without its CRLF, has the shape `method SP target SP
 * HTTP/d.d`; the slices count from buf. Returns 0 or -1. */
int http_request_line(const char *buf, size_t len, struct http_slice *method,
                      struct http_slice *target) __attribute__((warn_unused_result));

#define HTTP_METHOD_LEN_MAX 32

static inline struct http_slice http_slice_of(size_t from, size_t to)
{
    return (struct http_slice){.at = (uint32_t)from, .len = (uint32_t)(to - from)};
}

/* Whether CGI takes the two for the same. *exact: they are. name is a token, so that setting the
 * bit of small letters makes no other byte a letter or `-`. */
static inline bool http_name_is_like(const char *name, const char *known_name, size_t len,
                                     bool *exact)
{
    *exact = true;
    for (size_t i = 0; i < len; i++)
        if ((name[i] | 0x20) != known_name[i]) {
            if (known_name[i] != '-' || cgi_name_byte(name[i]) != '-')
                return false;
            *exact = false;
        }
    return true;
}

#endif
