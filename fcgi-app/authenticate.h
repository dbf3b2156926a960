/* Lets a request in, or says why not: the edge of the section `auth`. */
#ifndef MIRAGE_AUTHENTICATE_H
#define MIRAGE_AUTHENTICATE_H

#include <stdbool.h>

struct call;

/* Checks what the request brings along, if there is anything to check. True lets it in; a page's
 * answer then also carries the cookie that opens tasks. Otherwise it was logged why, and the answer
 * asks for a password where that can help; its text is the caller's. */
bool authenticate(struct call *c, bool is_api) __attribute__((warn_unused_result));

/* Whether who connected to the web server may say who is behind it. */
bool peer_is_trusted(const struct call *c) __attribute__((warn_unused_result));

#endif
