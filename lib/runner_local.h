/* Tasks as processes of this machine. Each has a folder `local/<short id>/` in the state folder,
 * which is the truth about it, as ECS is in the cloud: the database can be lost, and no task is.
 *
 *   task.json    what was launched; written by the launcher, once
 *   status.json  how it goes; written by the task's supervisor, mirage-local-task, alone
 *   stop         why it was told to stop; written by who told it
 *   log, log.1   its output, a line a line, `<ms since 1970> <text>`
 *   lock         held by the supervisor for as long as it lives
 */
#ifndef MIRAGE_RUNNER_LOCAL_H
#define MIRAGE_RUNNER_LOCAL_H

#include "err.h"
#include "runner.h"

struct config;

int runner_local_open(struct runner **r, const struct config *config, const char *state_dir,
                      struct err *e) __attribute__((warn_unused_result));

/* Tells every supervisor of a local task in the state folder that the stack stops, whoever launched
 * the task. Returns how many there are: 0 once all have ended. */
size_t runner_local_end_all(const char *state_dir) __attribute__((warn_unused_result));

#endif
