/* Tasks as processes of this machine. Each task has a folder `local/<short id>/` in the state
 * folder. The folder is the truth about the task, as ECS is in the cloud: if the database is lost,
 * no task is lost.
 *
 *   task.json    what was launched; the launcher writes it, once
 *   status.json  the task's state; only its supervisor, mirage-local-task, writes it
 *   stop         why it was told to stop; whoever tells it writes it
 *   log, log.1   its output; each line is `<ms since 1970> <text>`
 *   lock         the supervisor holds it for as long as it lives */
#ifndef MIRAGE_RUNNER_LOCAL_H
#define MIRAGE_RUNNER_LOCAL_H

#include "err.h"
#include "runner.h"

struct config;

int runner_local_open(struct runner **r, const struct config *config, const char *state_dir,
                      struct err *e) __attribute__((warn_unused_result));

/* Tells every supervisor of a local task in the state folder that the stack stops, whoever launched
 * the task. Returns how many supervisors there are; 0 once all have ended. */
size_t runner_local_end_all(const char *state_dir) __attribute__((warn_unused_result));

#endif
