/* Base64 of texts (RFC 4648). */
#ifndef MIRAGE_BASE64_H
#define MIRAGE_BASE64_H

#include <stdbool.h>

#include "arena.h"

/* The text in base64 (section 4; section 5 when url_safe), padded. */
char *base64_encode(const char *text, bool url_safe, struct arena *a)
    __attribute__((warn_unused_result));

/* The text behind base64 of either alphabet, padded or not; NULL when it is none, or holds a NUL.
 */
char *base64_decode(const char *text, struct arena *a) __attribute__((warn_unused_result));

#endif
