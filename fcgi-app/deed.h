/* What was done because somebody asked for it: a line of the log each, for who looks after the
 * stack and is asked what became of an environment. */
#ifndef MIRAGE_DEED_H
#define MIRAGE_DEED_H

#include "runner.h"

struct call;

void deed_launched(const struct call *c, const struct launch_request *request);

/* An environment, or one task of it by its id. */
void deed_terminated(const struct call *c, const char *subdomain, const char *id);

#endif
