/* What becomes of a request whose Host is not ours: it gets no page, for any name can be made to
 * lead here (DNS rebinding). */
#ifndef MIRAGE_HOST_CHECK_H
#define MIRAGE_HOST_CHECK_H

#include <stdbool.h>

#include "arena.h"
#include "err.h"

struct call;

/* A GET of any page for another host is the health check of a load balancer that goes past
 * mirage-proxyd (web.listen) and asks by address. True when it was one, and is answered. */
bool host_answers_health(struct call *c) __attribute__((warn_unused_result));

/* The subdomain of a Host that mirage-proxyd has written: a name of an environment, in lower case
 * and without a port. "" when it is another name. Allocated from `a`. */
const char *host_environment(const struct call *c, struct arena *a)
    __attribute__((warn_unused_result));

/* 0, or 421 with *e (RFC 9110, 15.5.20). */
int host_check(const struct call *c, struct err *e) __attribute__((warn_unused_result));

#endif
