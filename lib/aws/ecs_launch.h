/* What RunTask is asked for, and what of it can be refused before it is asked. */
#ifndef MIRAGE_AWS_ECS_LAUNCH_H
#define MIRAGE_AWS_ECS_LAUNCH_H

#include <jansson.h>

#include "arena.h"
#include "config/config.h"
#include "runner.h"

/* RunTask's request for one task of a definition (a TaskDefinition), without the cluster. The
 * caller decrefs. */
json_t *ecs_launch_request(const struct config *c, const struct launch_request *request,
                           const json_t *definition) __attribute__((warn_unused_result));

/* Why ECS would refuse it, with what to change; NULL when nothing is known against it. */
const char *ecs_launch_problem(const struct config *c, const struct launch_request *request,
                               const json_t *definition, struct arena *a)
    __attribute__((warn_unused_result));

#endif
