/* What is done because somebody asks for it, alike for the API and the pages: a launch, a
 * termination, sleep, wake. Each leaves a line in the log, which shows later who did what to an
 * environment. */
#ifndef MIRAGE_DEED_H
#define MIRAGE_DEED_H

#include <stdbool.h>

#include "err.h"
#include "runner.h"

struct call;

/* environment_launch(), after a new listing of the tasks. */
int deed_launch(struct call *c, const struct launch_request *request, struct err *e)
    __attribute__((warn_unused_result));

/* environment_terminate(), or environment_terminate_task() unless `id` is NULL, after a new listing
 * of the tasks. ERR_BUSY when the tasks cannot be listed and the view has nothing of this name. */
int deed_terminate(struct call *c, const char *subdomain, const char *id, struct err *e)
    __attribute__((warn_unused_result));

/* environment_sleep(), after a new listing of the tasks. */
int deed_sleep(struct call *c, const char *subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* environment_wake(). */
int deed_wake(struct call *c, const char *subdomain, bool newest, struct err *e)
    __attribute__((warn_unused_result));

#endif
