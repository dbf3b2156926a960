/* What counts as an access of an environment: a request with credentials, and each whole minute
 * that it, or the tunnel that it became, stays open. Strangers keep no environment alive. */
#ifndef MIRAGE_PROXYD_ACCESS_H
#define MIRAGE_PROXYD_ACCESS_H

#include <stdint.h>

#include "credentials.h"
#include "route.h"

#define ACCESS_MINUTE_MS 60000

struct conn;

/* A request for an environment is there, with these credentials; `answer` and the environment's
 * counter as route_find() says. Returns how many accesses this worker counted before; 0 when it
 * does not count. */
uint64_t access_request(struct conn *c, enum credentials credentials, enum route_answer answer,
                        uint32_t counter);

/* A minute of an open exchange, or tunnel, is over (TIMER_TICK). */
void access_minute(struct conn *c);

#endif
