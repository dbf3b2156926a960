/* What a launched task gets, on ECS and locally alike: its environment variables and its tags. */
#ifndef MIRAGE_LAUNCH_H
#define MIRAGE_LAUNCH_H

#include <stdbool.h>

#include <jansson.h>

#include "arena.h"
#include "runner.h"

#define LAUNCH_TAG       "MirageLaunch"      /* the id of the launch that a task belongs to */
#define LAUNCH_TASKS_TAG "MirageLaunchTasks" /* how many tasks that has, where it is not one */

/* SUBDOMAIN (base64 of the subdomain with compat_v1, else as it is), SUBDOMAINRAW, and each
 * parameter under its env name. A JSON object of texts; the caller decrefs. */
json_t *launch_env(const struct launch_request *request, bool compat_v1)
    __attribute__((warn_unused_result));

/* ManagedBy, Subdomain (URL-safe base64 with padding), MirageLaunch, for several task
 * definitions MirageLaunchTasks, and one a parameter: an array of {"Key", "Value"}. The caller
 * decrefs. */
json_t *launch_tags(const struct launch_request *request) __attribute__((warn_unused_result));

/* The request as it is kept: {"subdomain","taskdef":[…],"parameters":{…}}. */
char *launch_to_json(const struct launch_request *request, struct arena *a)
    __attribute__((warn_unused_result));

/* The value of the parameter `branch`; "" without one. */
const char *launch_branch(const struct launch_request *request) __attribute__((warn_unused_result));

/* What the tasks of one launch (at least one) were asked for: their definitions with revision,
 * sorted, and the parameters, by the variables that they were given. Every copy of mirage-ecs reads
 * the same there. Texts are those of the tasks, or belong to `a`. */
struct launch_request launch_of_tasks(const struct config *config, const struct task *tasks,
                                      size_t n, struct arena *a)
    __attribute__((warn_unused_result));

#endif
