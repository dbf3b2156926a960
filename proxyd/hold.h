/* Requests that wait for their environment, where wake.hold lets them: their body unread, until its
 * routes come or wake.hold is over. exchange_resume() goes on with them. */
#ifndef MIRAGE_PROXYD_HOLD_H
#define MIRAGE_PROXYD_HOLD_H

#include <stdbool.h>

#include "http.h"
#include "route.h"
#include "visitor.h"

struct conn;

/* Whether this request, for an environment of which route_find() says `answer`, waits for it: wakes
 * says whether its visit wakes one that sleeps. Browsers do not, for they have a page to wait on;
 * nor who sends `Prefer: wait=0` (RFC 7240, 4.3), nor more than wake.held at a time. */
bool hold_is_due(const struct conn *c, const struct http_request *r, enum route_answer answer,
                 enum visitor visitor, bool wakes) __attribute__((warn_unused_result));

/* Lets it wait, if it does not yet. */
void hold_begin(struct conn *c);

#endif
