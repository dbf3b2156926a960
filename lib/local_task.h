/* The files in a local task's folder. Its supervisor and the runner share them. */
#ifndef MIRAGE_LOCAL_TASK_H
#define MIRAGE_LOCAL_TASK_H

#include <stdbool.h>

#include <jansson.h>

#include "err.h"

#define LOCAL_TASK_CONTAINER "app"             /* the one container that a local task has */
#define LOCAL_TASK_LOG_MAX   (8 * 1024 * 1024) /* bytes of `log` before it becomes `log.1` */

/* Reads DIR/NAME. NULL when the file does not exist or is not complete. The caller decrefs. */
json_t *local_task_read(const char *dir, const char *name) __attribute__((warn_unused_result));

/* Writes DIR/NAME so that readers see the old or the new text. */
int local_task_write(const char *dir, const char *name, const json_t *value, struct err *e)
    __attribute__((warn_unused_result));

/* Opens DIR/lock and locks it, for as long as the descriptor is open. The descriptor; or -1 when
 * somebody else holds the lock, or it cannot be opened (then *e says why). */
int local_task_lock(const char *dir, struct err *e) __attribute__((warn_unused_result));

/* Whether a supervisor holds the lock. */
bool local_task_is_supervised(const char *dir) __attribute__((warn_unused_result));

#endif
