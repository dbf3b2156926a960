/* A task as JSON: for the API's answers, and for templates. */
#ifndef MIRAGE_VIEW_TASK_H
#define MIRAGE_VIEW_TASK_H

#include <jansson.h>

#include "config/config.h"
#include "task.h"

struct call;

/* A task as in the answer of /api/list. */
json_t *view_task_api(const struct task *t) __attribute__((warn_unused_result));

/* The configured parameters that the task was launched with, without the branch: an array of
 * {"name","value"}. */
json_t *view_parameters(const struct config *config, const struct task *t)
    __attribute__((warn_unused_result));

/* A task as the pages show it. */
json_t *view_task_page(struct call *c, const struct task *t) __attribute__((warn_unused_result));

#endif
