/* The header fields that tell who the client is, or what it asked a proxy before this one for:
 * X-Forwarded-*, Forwarded, X-Real-IP and the like. They are believed only of a trusted proxy. */
#ifndef MIRAGE_CLIENT_FIELD_H
#define MIRAGE_CLIENT_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a field of this name is one of them. *exact: spelled so, and not in another way that CGI
 * takes for the same. */
bool client_field_is(const char *name, size_t len, bool *exact) __attribute__((warn_unused_result));

#endif
