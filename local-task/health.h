/* The health check of a local task, as that of a container on ECS: a command that is run again and
 * again. Status 0 is HEALTHY; three others in a row are UNHEALTHY. */
#ifndef MIRAGE_LOCAL_TASK_HEALTH_H
#define MIRAGE_LOCAL_TASK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "task.h"

struct health {
    const json_t *task, *status; /* task.json with the command, and status.json with the ports */
    enum task_health is;
    pid_t pid;       /* of the command; 0: it does not run */
    int64_t next_at; /* monotonic ms; when it is run next, or, while it runs, ended */
    int failures;    /* in a row */
};

/* The check of this task; without a command in task.json it does nothing. */
void health_begin(struct health *h, const json_t *task, const json_t *status);

/* Does what is due. Returns ms until there is something again; -1: never. */
int64_t health_run(struct health *h);

/* A child has ended. true when it was the command, and the health has changed. */
bool health_ended(struct health *h, pid_t pid, int wait_status);

#endif
