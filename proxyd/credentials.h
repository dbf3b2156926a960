/* What a request carries that must not go further, or must not be believed: the cookie and the
 * token that let a client in here, what a load balancer says about a user, and what a proxy in
 * front says about the client. */
#ifndef MIRAGE_PROXYD_CREDENTIALS_H
#define MIRAGE_PROXYD_CREDENTIALS_H

#include <stdbool.h>

#include "config/config.h"

#include "http.h"

enum credentials {
    CREDENTIALS_MISSING,
    CREDENTIALS_SPARED, /* it passes without, and does not count */
    CREDENTIALS_GIVEN,
};

/* Whether the request may go to a task by this listen entry. Where require_auth_cookie is set, it
 * needs a valid cookie. A CORS preflight is spared: browsers send it without cookies. It has no
 * body, and its answer must get none. head: what r was parsed from. */
enum credentials credentials_of(const struct config *config, const struct config_listen *entry,
                                const char *head, const struct http_request *r)
    __attribute__((warn_unused_result));

/* Takes off the request what must not go further: cookies are rewritten in `head`, other fields
 * are marked as hop-by-hop. to_task: it goes to a task, not to the web API. peer_trusted: the
 * client is a proxy that is believed. */
void credentials_take_off(const struct config *config, char *head, struct http_request *r,
                          bool to_task, bool peer_trusted);

/* Marks, as hop-by-hop fields are, what a task's answer must not do to the user's cookie: set it,
 * or have the browser forget it (Clear-Site-Data). */
void credentials_guard(const char *head, struct http_response *r);

#endif
