/* What runs as a local task: the command of its task definition, or a page of ours where it has
 * none. */
#ifndef MIRAGE_LOCAL_TASK_COMMAND_H
#define MIRAGE_LOCAL_TASK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Whether task.json has a command. It binds the ports itself: they must be free by then. */
bool command_is_given(const json_t *task) __attribute__((warn_unused_result));

/* In the task's process: makes its environment (as little of ours as a program needs, what mirage
 * sets, and PORT and PORT_n of `ports`, as in status.json), and runs the command. Without one it
 * serves the page on the sockets. A command that cannot be run is said on stderr and on not_run,
 * and the process exits. */
void command_run(const json_t *task, const json_t *ports, const int *sockets, size_t n_sockets,
                 int not_run) __attribute__((noreturn));

/* The same for its health check: the command at `health` in task.json. */
void command_run_check(const json_t *task, const json_t *ports) __attribute__((noreturn));

#endif
