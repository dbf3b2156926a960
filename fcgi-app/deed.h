/* What is done because somebody asks for it, the same for the API and the pages: a launch, a
 * termination. Each is a line of the log, for who is asked what became of an environment. */
#ifndef MIRAGE_DEED_H
#define MIRAGE_DEED_H

#include "err.h"
#include "runner.h"

struct call;

/* environment_launch(), after a look at what runs. */
int deed_launch(struct call *c, const struct launch_request *request, struct err *e)
    __attribute__((warn_unused_result));

/* environment_terminate(), or environment_terminate_task() unless `id` is NULL, after a look at
 * what runs. ERR_BUSY when nothing of it is known, and nobody can say whether there is something.
 */
int deed_terminate(struct call *c, const char *subdomain, const char *id, struct err *e)
    __attribute__((warn_unused_result));

#endif
