/* Makes our struct task of a Task of the ECS API and its task definition. */
#ifndef MIRAGE_AWS_ECS_TASK_H
#define MIRAGE_AWS_ECS_TASK_H

#include <stdbool.h>

#include <jansson.h>

#include "arena.h"
#include "config/config.h"
#include "runner.h"
#include "task.h"

enum ecs_task_kind {
    ECS_TASK_MANAGED,
    ECS_TASK_FOREIGN, /* not tagged ManagedBy: somebody else's */
    ECS_TASK_BROKEN,  /* tagged ManagedBy, but its subdomain cannot be read */
};

/* What the tags say; sets *subdomain when the task is managed. The tag ManagedBy is `mirage-ecs`,
 * or `Mirage`, which the Go mirage-ecs writes. */
enum ecs_task_kind ecs_task_kind(const json_t *task, struct arena *a, const char **subdomain)
    __attribute__((warn_unused_result));

/* The struct task of a managed task. definition: its TaskDefinition; with JSON's null it has no
 * ports, with NULL they are not known. */
struct task ecs_task(const json_t *task, const char *subdomain, const json_t *definition,
                     const struct config *config, struct arena *a)
    __attribute__((warn_unused_result));

/* The task's life: timestamps, containers with their exit codes and reasons. */
void ecs_task_trace(const json_t *task, struct arena *a, struct trace *trace);

#endif
