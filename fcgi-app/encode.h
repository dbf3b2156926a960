/* Percent-encoding, both ways, and text for JSON. The template engine escapes HTML, and Jansson
 * escapes JSON. */
#ifndef MIRAGE_ENCODE_H
#define MIRAGE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "arena.h"
#include "err.h"

/* A JSON string of bytes of unknown origin: each byte that is no UTF-8 becomes U+FFFD. */
json_t *utf8_json(const char *bytes, size_t len) __attribute__((warn_unused_result));

/* How percent_decode() reads its input, and what its errors call it. */
struct percent_input {
    const char *what;   /* "the body" */
    size_t offset;      /* of the text in it, for "byte N" (counted from 1) */
    bool plus_is_space; /* as in forms */
};

/* Decodes strictly: `%` needs two hexadecimal digits. A result that has a NUL or is not UTF-8 is
 * refused with ERR_INVALID. */
int percent_decode(struct arena *a, const char *text, size_t len, const struct percent_input *in,
                   char **decoded, struct err *e) __attribute__((warn_unused_result));

/* For one segment of a URL's path or one value of its query: escapes everything but unreserved
 * characters (RFC 3986, 2.3), also the slash. */
const char *escape_url(struct arena *a, const char *text) __attribute__((warn_unused_result));

#endif
