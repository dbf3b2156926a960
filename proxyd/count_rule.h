/* What counts as an access of an environment: a request with credentials, and each whole minute
 * that it, or the tunnel that it became, stays open. Strangers keep no environment alive; nor do
 * those whom use.ignore names, who are counted apart. */
#ifndef MIRAGE_PROXYD_COUNT_RULE_H
#define MIRAGE_PROXYD_COUNT_RULE_H

#include <stdint.h>

#include "admit.h"
#include "http.h"
#include "route.h"

#define COUNT_MINUTE_MS 60000

struct conn;

/* A request for an environment is there, admitted so; `answer` and `route` as route_find() says.
 * Returns how many of its kind this worker counted before; 0 when it does not count. */
uint64_t count_request(struct conn *c, const struct http_request *r, enum admit admit,
                       enum route_answer answer, const struct route *route);

/* A minute of an open exchange, or tunnel, is over (TIMER_TICK). */
void count_minute(struct conn *c);

#endif
