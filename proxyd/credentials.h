/* What a request carries that must not go further, or must not be believed: the cookie and the
 * token that let a client in here, what a load balancer says about a user, and what a proxy in
 * front says about the client. */
#ifndef MIRAGE_PROXYD_CREDENTIALS_H
#define MIRAGE_PROXYD_CREDENTIALS_H

#include <stdbool.h>

#include "config/config.h"

#include "http.h"

/* Takes off the request what must not go further: cookies are rewritten in `head`, other fields
 * are marked as hop-by-hop. to_task: it goes to a task, not to the web API. peer_trusted: the
 * client is a proxy that is believed. */
void credentials_take_off(const struct config *config, char *head, struct http_request *r,
                          bool to_task, bool peer_trusted);

/* Marks, as hop-by-hop fields are, what a task's answer must not do to the user's cookie: set it,
 * or have the browser forget it (Clear-Site-Data). */
void credentials_guard(const char *head, struct http_response *r);

#endif
