/* A line of the access log. Pure: no I/O, no clock. docs/OPERATING.md explains its fields. */
#ifndef MIRAGE_PROXYD_ACCESS_LINE_H
#define MIRAGE_PROXYD_ACCESS_LINE_H

#include <stddef.h>
#include <stdint.h>

/* How much of each is shown. */
#define ACCESS_METHOD_MAX  32
#define ACCESS_TARGET_MAX  2048
#define ACCESS_HOST_MAX    255
#define ACCESS_REFERER_MAX 1024
#define ACCESS_AGENT_MAX   512

#define ACCESS_LINE_MAX    32768 /* whatever bytes are in it */

struct access_text {
    const char *bytes; /* NULL: it was not sent */
    size_t len;
};

struct access_line {
    int64_t at_ms; /* since 1970; when it ended */
    const char *client;
    struct access_text method, target, host, referer, agent;
    int minor;  /* of HTTP/1.x */
    int status; /* 0: the client left before there was one */
    uint64_t bytes;
    int64_t us;
    const char *by;          /* what decided it */
    const char *environment; /* "": none */
    const char *task;        /* "": none has answered */
};

/* Writes the line with its line feed to `text`, and returns its length. It is UTF-8, and one line,
 * whatever bytes came: JSON (RFC 8259), or what Apache calls `combined`. */
size_t access_line_json(const struct access_line *l, char text[ACCESS_LINE_MAX]);
size_t access_line_combined(const struct access_line *l, char text[ACCESS_LINE_MAX]);

/* Writes the decimal digits, without a NUL. Returns where they end. */
char *access_line_number(char *to, uint64_t n);

#endif
