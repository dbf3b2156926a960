/* What keeps requests from a task that runs. It is shown where the task's launch is watched, and on
 * its trace. */
#ifndef MIRAGE_OBSTACLE_H
#define MIRAGE_OBSTACLE_H

#include <stddef.h>

#include "arena.h"
#include "config/config.h"
#include "task.h"

/* The rest of a sentence that begins with the name of the task definition; "" when there is no
 * obstacle, or the task has not run for ten seconds. */
const char *obstacle_of(const struct config *config, struct arena *a, const struct task *t)
    __attribute__((warn_unused_result));

/* The task because of which the environment is not ready; NULL when there is none. A task
 * without a port for requests is no obstacle beside one that has such a port. */
const struct task *obstacle_find(const struct config *config, struct arena *a,
                                 const struct task *tasks, size_t n)
    __attribute__((warn_unused_result));

#endif
