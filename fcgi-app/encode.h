/* Percent-encoding, both ways, and text for JSON. The HTML escaper is the template engine's, the
 * JSON one Jansson's. */
#ifndef MIRAGE_ENCODE_H
#define MIRAGE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "arena.h"
#include "err.h"

/* A JSON string of bytes of unknown origin: each byte that is no UTF-8 becomes U+FFFD. */
json_t *utf8_json(const char *bytes, size_t len) __attribute__((warn_unused_result));

/* How percent_decode() reads its input, and how its errors call it. */
struct percent_input {
    const char *what;   /* "the body" */
    size_t offset;      /* of the text in it, for "byte N" (counted from 1) */
    bool plus_is_space; /* as in forms */
};

/* Decodes strictly: `%` and two hexadecimal digits. Refuses what decodes to NUL or to no UTF-8 with
 * ERR_INVALID. */
int percent_decode(struct arena *a, const char *text, size_t len, const struct percent_input *in,
                   char **decoded, struct err *e) __attribute__((warn_unused_result));

/* For one segment of a URL's path or one value of its query: all but unreserved characters (RFC
 * 3986, 2.3) are escaped, the slash too. */
const char *escape_url(struct arena *a, const char *text) __attribute__((warn_unused_result));

#endif
