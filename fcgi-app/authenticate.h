/* Lets a request in, or says why not: the section `auth`, applied to requests. */
#ifndef MIRAGE_AUTHENTICATE_H
#define MIRAGE_AUTHENTICATE_H

#include <stdbool.h>

struct call;

/* Checks the credentials of the request, if the configuration asks for any. True lets the request
 * in; the answer of a page then also carries the cookie that opens tasks. False: the reason has
 * been logged, and the answer asks for a password where that can help; the caller writes the
 * answer's text. */
bool authenticate(struct call *c, bool is_api) __attribute__((warn_unused_result));

/* Whether it was mirage-proxyd that connected to the web server. */
bool peer_is_proxyd(const struct call *c) __attribute__((warn_unused_result));

/* Whether the peer that connected to the web server is trusted to say who the client is. */
bool peer_is_trusted(const struct call *c) __attribute__((warn_unused_result));

#endif
