/* What RunTask would refuse, and can be refused before it is asked. */
#ifndef MIRAGE_AWS_ECS_LAUNCH_CHECK_H
#define MIRAGE_AWS_ECS_LAUNCH_CHECK_H

#include <jansson.h>

#include "arena.h"
#include "config/config.h"
#include "runner.h"

/* Why ECS would refuse to launch a task of this definition, with what to change; NULL when nothing
 * is known against it. */
const char *ecs_launch_problem(const struct config *c, const struct launch_request *request,
                               const json_t *definition, struct arena *a)
    __attribute__((warn_unused_result));

#endif
