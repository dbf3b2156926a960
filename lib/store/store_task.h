/* The tables `task` and `port`: this machine's view of the tasks. */
#ifndef MIRAGE_STORE_TASK_H
#define MIRAGE_STORE_TASK_H

#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "task.h"

#include "db.h"

enum task_filter { TASK_RUNNING, TASK_STOPPED, TASK_ALL };

/* The tasks with their ports, sorted by subdomain, then creation. TASK_RUNNING means
 * task_is_live(). */
int store_task_list(struct db *db, enum task_filter filter, struct arena *a,
                    struct task_list *tasks, struct err *e) __attribute__((warn_unused_result));

/* The tasks of exactly this subdomain or pattern. */
int store_task_of(struct db *db, const char *subdomain, enum task_filter filter, struct arena *a,
                  struct task_list *tasks, struct err *e) __attribute__((warn_unused_result));

/* 1 and *task for an ARN or a short id; 0 when there is none; or -1. */
int store_task_get(struct db *db, const char *id, struct arena *a, struct task *task, struct err *e)
    __attribute__((warn_unused_result));

/* Writes the row and its ports, where they differ. A port that has not changed keeps its ready
 * flag. Returns 1 if anything changed, 0, or -1. */
int store_task_put(struct db *db, const struct task *task, struct err *e)
    __attribute__((warn_unused_result));

/* The same for a task that was just launched. Does nothing if the view has the task already: a
 * listing in the meantime is newer. */
int store_task_add(struct db *db, const struct task *task, struct err *e)
    __attribute__((warn_unused_result));

int store_task_remove(struct db *db, const char *arn, struct err *e)
    __attribute__((warn_unused_result));

/* The task was told to stop. It has no routes from now on. */
int store_task_stopping(struct db *db, const char *arn, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* What belongs to launches that are over (store_environment_terminate()) is told to stop. Returns
 * how many tasks, or -1. */
int store_task_stop_over(struct db *db, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* Writes whether the port is ready, answers, and since when it is silent; nothing when the task's
 * port has another address by now. */
int store_task_port_seen(struct db *db, const char *arn, const struct task_port *port,
                         struct err *e) __attribute__((warn_unused_result));

#endif
