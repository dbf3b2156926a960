/* multipart/form-data (RFC 7578), as `curl -F` sends it. */
#ifndef MIRAGE_MULTIPART_H
#define MIRAGE_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"

#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

struct multipart_field {
    const char *name, *value;
};

/* Reads the boundary from a Content-Type. False when it is another type, or has no good one. */
bool multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1])
    __attribute__((warn_unused_result));

/* Takes the next field off *body, which has *len bytes. 1 with a field, 0 at the end, -1. Files are
 * passed over. Names and values are UTF-8 without NUL. */
int multipart_next(char **body, size_t *len, const char *boundary, struct arena *a,
                   struct multipart_field *field, struct err *e)
    __attribute__((warn_unused_result));

#endif
