/* What RunTask is asked for. */
#ifndef MIRAGE_AWS_ECS_LAUNCH_H
#define MIRAGE_AWS_ECS_LAUNCH_H

#include <jansson.h>

#include "config/config.h"
#include "runner.h"

/* RunTask's request for the i-th task of the launch, of this definition (a TaskDefinition), without
 * the cluster. Its clientToken is made of the launch's id, so that asking twice starts one task.
 * The caller decrefs. */
json_t *ecs_launch_request(const struct config *c, const struct launch_request *request, size_t i,
                           const json_t *definition) __attribute__((warn_unused_result));

/* Its `overrides`: the launch's variables for every container. The caller decrefs. */
json_t *ecs_launch_overrides(const struct config *c, const struct launch_request *request,
                             const json_t *definition) __attribute__((warn_unused_result));

#endif
