/* What keeps requests from a task that runs: said where its launch is watched, and on its trace. */
#ifndef MIRAGE_OBSTACLE_H
#define MIRAGE_OBSTACLE_H

#include <stddef.h>

#include "arena.h"
#include "config/config.h"
#include "task.h"

/* A sentence's end, for after the task definition's name; "" when there is none, or the task has
 * not run for long. */
const char *obstacle_of(const struct config *config, struct arena *a, const struct task *t)
    __attribute__((warn_unused_result));

/* The task that keeps its environment from being reached; NULL when none does. One without a port
 * for requests may stand beside one that has it. */
const struct task *obstacle_find(const struct config *config, struct arena *a,
                                 const struct task *tasks, size_t n)
    __attribute__((warn_unused_result));

#endif
