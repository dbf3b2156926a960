/* The runner on Amazon ECS: launches with RunTask, lists with ListTasks and DescribeTasks, reads
 * the containers' awslogs streams. */
#ifndef MIRAGE_AWS_RUNNER_ECS_H
#define MIRAGE_AWS_RUNNER_ECS_H

#include "config/config.h"
#include "err.h"
#include "runner.h"

/* Asks nothing of AWS yet. ERR_INVALID when region or cluster are not known. */
int runner_ecs_open(struct runner **r, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));

#endif
