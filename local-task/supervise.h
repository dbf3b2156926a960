/* One local task from its start to its end: its ports, its process, its output, its status. */
#ifndef MIRAGE_LOCAL_TASK_SUPERVISE_H
#define MIRAGE_LOCAL_TASK_SUPERVISE_H

/* Runs the task that DIR/task.json describes. Returns when the task has ended and DIR/status.json
 * says so. SIGTERM stops the task: its processes get SIGTERM, and SIGKILL five seconds later. */
void supervise(const char *dir);

#endif
