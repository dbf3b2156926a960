/* Requests for an environment that is not ready. mirage-api makes the page on which a visitor
 * waits; what it cannot answer, or does not within WAITING_MS, is answered here.
 *
 * Such a request goes to the web server like one for the web API: conn.subdomain is empty, and
 * conn.waiting says that the head is written anew for a page of mirage-api's. It has no body, and
 * nothing of its target. */
#ifndef MIRAGE_PROXYD_WAITING_H
#define MIRAGE_PROXYD_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"

struct conn;

#define WAITING_MS 1000 /* from the request's beginning to the head of mirage-api's answer */

/* Whether mirage-api is asked for the page: GET or HEAD without a body, by a client that takes HTML
 * or JSON; and not just after it has kept one waiting too long. */
bool waiting_is_for_page(const struct conn *c, const struct http_request *r)
    __attribute__((warn_unused_result));

/* Makes the request one for the page, and starts its timer. A target is to be found next. failed:
 * for what has failed. */
void waiting_begin(struct conn *c, bool failed);

/* Whether those who ask alike have asked already: then the request has its answer, or waits for
 * theirs (CONN_JOINED). If not, it is the one that asks for all of them. */
bool waiting_is_shared(struct conn *c, const struct http_request *r)
    __attribute__((warn_unused_result));

/* Keeps the page that came for those who wait for it: head_len bytes of head, `len` bytes of all.
 * false: it is not whole yet. */
bool waiting_keep_page(struct conn *c, const char *answer, size_t len, size_t head_len,
                       const struct http_response *r) __attribute__((warn_unused_result));

/* Composes the request for the page in the worker's `forward`. host: room for the name that its
 * Host field gets; it has to stay until the head went. */
void waiting_forward(struct conn *c, const struct http_request *r, char *host);

/* Whether this answer, whose head was parsed from `head`, is the page. */
bool waiting_is_page(const char *head, const struct http_response *r)
    __attribute__((warn_unused_result));

/* Answers without mirage-api: 503, and a small page where the client takes HTML; 404 for what has
 * failed. */
void waiting_reply(struct conn *c, const struct http_request *r);

/* The same when the request was parsed earlier; its head is in the block still. */
void waiting_reply_late(struct conn *c);

/* The page took too long. */
void waiting_missed(struct conn *c);

#endif
