/* Parses HTTP/1.1 message heads and chunked bodies strictly (RFC 9112). Pure functions: no I/O,
 * no allocation, no state but the caller's. What two parsers could read in two ways is refused.
 * Positions are offsets into the caller's buffer. */
#ifndef MIRAGE_PROXYD_HTTP_H
#define MIRAGE_PROXYD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX   32768 /* bytes of a head, its final CRLF CRLF included */
#define HTTP_FIELDS_MAX 128
#define HTTP_TARGET_MAX 16384

struct http_slice {
    uint32_t at;
    uint32_t len;
};

/* Field names that mean something to a proxy. HTTP_FIELD_OTHER passes through. */
enum http_field_id {
    HTTP_FIELD_OTHER,
    HTTP_FIELD_ACCEPT,
    HTTP_FIELD_CLEAR_SITE_DATA,
    HTTP_FIELD_CONNECTION,
    HTTP_FIELD_CONTENT_LENGTH,
    HTTP_FIELD_COOKIE,
    HTTP_FIELD_EXPECT,
    HTTP_FIELD_HOST,
    HTTP_FIELD_HTTP2_SETTINGS,
    HTTP_FIELD_KEEP_ALIVE,
    HTTP_FIELD_PROXY_AUTHENTICATE,
    HTTP_FIELD_PROXY_AUTHORIZATION,
    HTTP_FIELD_PROXY_CONNECTION,
    HTTP_FIELD_SET_COOKIE,
    HTTP_FIELD_TE,
    HTTP_FIELD_TRAILER,
    HTTP_FIELD_TRANSFER_ENCODING,
    HTTP_FIELD_UPGRADE,
    HTTP_FIELD_X_FORWARDED_FOR,
    HTTP_FIELD_X_FORWARDED_HOST,
    HTTP_FIELD_X_FORWARDED_PROTO,
};

struct http_field {
    struct http_slice line; /* the whole line with its CRLF */
    struct http_slice name;
    struct http_slice value; /* without surrounding SP and HTAB */
    enum http_field_id id;
    bool hop_by_hop; /* of one connection only: must not be forwarded (RFC 9110, 7.6.1), the fields
                        that Connection names included */
};

enum http_target_form {
    HTTP_TARGET_ORIGIN,
    HTTP_TARGET_ABSOLUTE,
    HTTP_TARGET_AUTHORITY,
    HTTP_TARGET_ASTERISK
};

enum http_method {
    HTTP_METHOD_OTHER,
    HTTP_METHOD_CONNECT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_TRACE
};

/* How long the body is. */
enum http_body { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

struct http_fields {
    struct http_field items[HTTP_FIELDS_MAX];
    size_t len;
    const char *fault; /* of a head that was refused: which rule it broke, for people */
};

struct http_request {
    enum http_method method;
    struct http_slice method_text;
    enum http_target_form form;
    struct http_slice target; /* as received */
    struct http_slice path;   /* what to forward: the target in origin-form or `*`; for an absolute
                                 target without a path, empty: forward `/` (or `*` for OPTIONS) */
    struct http_slice query;  /* of an absolute target without a path (`http://h?q`): `?q`, to be
                                 forwarded behind `/`; else empty (path holds its own query) */
    int minor;                /* HTTP/1.<minor>: 0 or 1 */
    struct http_slice authority; /* Host's value; of an HTTP/1.0 request without Host, what its
                                    absolute target says, if it has one */
    struct http_slice host;  /* host without port, IPv6 in its brackets; empty: Host was empty, or
                                HTTP/1.0 without one */
    enum http_body body;     /* never HTTP_BODY_UNTIL_CLOSE */
    uint64_t content_length; /* HTTP_BODY_LENGTH */
    bool keep_alive;         /* what version and Connection ask for */
    bool upgrade;            /* to a WebSocket: Connection names upgrade, Upgrade names websocket
                                (HTTP/1.1 only). No other protocol is known here */
    bool expect_continue;
    struct http_fields fields;
};

struct http_response {
    int status; /* 100 to 599 */
    int minor;
    struct http_slice reason; /* may be empty */
    enum http_body body;
    uint64_t content_length;
    bool has_length; /* Content-Length is there, of a body or (HEAD, 304) of none */
    bool keep_alive;
    bool upgrade;
    struct http_fields fields;
};

/* Looks for the end of the head in buf[0..len). Returns its length; 0 when more bytes are
 * needed; -1 when no head can come of this: a bare CR or LF, a control byte, or (is_request) a
 * first line that is no request line, so that TLS on this port is answered at once. Up to two empty
 * lines before a request belong to its head (RFC 9112, 2.2). *scanned is 0 at first. It says from
 * call to call how far was looked (encoded: do not calculate with it), so that a head that comes
 * byte by byte is scanned once; the bytes before must not change meanwhile. The caller refuses
 * heads over HTTP_HEAD_MAX. */
long http_head_end(const char *buf, size_t len, bool is_request, size_t *scanned)
    __attribute__((warn_unused_result));

/* Parses the head buf[0..len), len as http_head_end() gave it. Returns 0, or the status to answer
 * with, r->fields.fault saying why: 400, 414 (target over HTTP_TARGET_MAX), 417 (an expectation but
 * 100-continue), 431 (over HTTP_FIELDS_MAX fields), 501 (a transfer coding but chunked), 505 (a
 * version but 1.0 and 1.1). */
int http_parse_request(const char *buf, size_t len, struct http_request *r)
    __attribute__((warn_unused_result));

/* Parses the head of a response to a request of this method. Returns 0, or -1: not to be trusted,
 * r->fields.fault saying why. body follows RFC 9112, 6.3: none for HEAD, 1xx, 204, 304, whatever
 * framing they carry; for a 2xx to CONNECT none as well. Content-Lengths that agree are one. */
int http_parse_response(const char *buf, size_t len, enum http_method method,
                        struct http_response *r) __attribute__((warn_unused_result));

/* Whether text is this name, ASCII case ignored. */
bool http_name_is(const char *text, size_t len, const char *lower_case_name)
    __attribute__((warn_unused_result));

/* --- chunked bodies (RFC 9112, 7.1) ---------------------------------------------------------- */

enum http_chunk_state {
    HTTP_CHUNK_SIZE,    /* at or in a chunk-size */
    HTTP_CHUNK_PADDING, /* in the white space behind it (`padded`) */
    HTTP_CHUNK_EXT,     /* in a chunk extension, which is dropped */
    HTTP_CHUNK_SIZE_LF, /* CR seen behind it */
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_DATA_CR,
    HTTP_CHUNK_DATA_LF,
    HTTP_CHUNK_TRAILER, /* the last chunk was read: what follows is the trailer section, up to and
                           with its empty line; http_parse_trailers() reads it */
};

struct http_chunked {
    enum http_chunk_state state; /* zeroed: the beginning of a body */
    uint64_t left;               /* of the current chunk's data */
    unsigned digits;             /* of the current size */
    unsigned ext;     /* bytes of the current padding and extension; over 1024 is refused */
    bool padded;      /* set by the caller: white space may stand behind a size, as old
                         servers write it (nothing else can be meant) */
    bool ext_quoted;  /* in a quoted-string (RFC 9112, 7.1.1) */
    bool ext_escaped; /* behind its backslash */
    char ext_last;    /* the extension's last byte: what may follow hangs on it */
};

/* Reads buf[*used..len) and moves *used on. Returns 1 with the next piece of the body in *data;
 * 0 when all was read, or when the trailer section begins at *used; -1 when the body is malformed.
 * A size has at most 16 hexadecimal digits and fits 63 bits. */
int http_chunked_next(struct http_chunked *c, const char *buf, size_t len, size_t *used,
                      struct http_slice *data) __attribute__((warn_unused_result));

/* Parses the trailer section at buf[0..len): field lines and an empty line. Returns its length, 0
 * when more is needed (`*scanned` as in http_head_end), -1 when malformed or more than
 * HTTP_FIELDS_MAX. Fields that a trailer must not carry (RFC 9110, 6.5.1: framing, routing,
 * authentication, and all of enum http_field_id but OTHER) come marked hop_by_hop. */
long http_parse_trailers(const char *buf, size_t len, size_t *scanned, struct http_fields *fields)
    __attribute__((warn_unused_result));

#endif
