/* What a subdomain was launched with, for a form that offers the same again. */
#ifndef MIRAGE_LAUNCH_AGAIN_H
#define MIRAGE_LAUNCH_AGAIN_H

#include "err.h"

#include "params.h"

struct call;

/* Makes *params what the form of the last launch would have sent: from the request that is kept
 * or, when the launch was not ours, from what its latest tasks were given. ERR_NOT_FOUND when
 * nothing is known of the subdomain. */
int launch_again(struct call *c, const char *subdomain, struct params *params, struct err *e)
    __attribute__((warn_unused_result));

#endif
