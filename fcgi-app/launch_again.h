/* The last launch of a subdomain, for a form that offers it again. */
#ifndef MIRAGE_LAUNCH_AGAIN_H
#define MIRAGE_LAUNCH_AGAIN_H

#include "err.h"

#include "params.h"

struct call;

/* Sets *params to what the form would have sent for the last launch. They come from the request
 * that is kept or, when the launch was not ours, from the variables and tags of its latest tasks.
 * ERR_NOT_FOUND when nothing is known of the subdomain. */
int launch_again(struct call *c, const char *subdomain, const char *launch, struct params *params,
                 struct err *e) __attribute__((warn_unused_result));

#endif
