/* How a launch gets on, step by step, for the user who has just asked for it. */
#ifndef MIRAGE_LAUNCH_WATCH_H
#define MIRAGE_LAUNCH_WATCH_H

#include <jansson.h>

#include "err.h"
#include "task.h"

struct call;

/* Shows the latest launch of the subdomain; *view is null when there was none. */
int launch_watch(struct call *c, const char *subdomain, json_t **view, struct err *e)
    __attribute__((warn_unused_result));

#endif
