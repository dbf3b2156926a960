/* The table `start_time`: how long the last launches of each task definition took. */
#ifndef MIRAGE_STORE_START_TIME_H
#define MIRAGE_STORE_START_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "launch_rule.h"
#include "start_time.h"

#include "db.h"

/* Notes that the launch has become ready at l->ready_at, for one of its task definitions (any
 * `:revision` is left out), and forgets all but the last START_TIMES_MAX of that. Nothing is noted
 * of a launch without an id, or that is older than this database: it may have been ready for long.
 */
int store_start_time_add(struct db *db, const char *taskdef, const struct launch *l, struct err *e)
    __attribute__((warn_unused_result));

/* How long the last launches of this task definition took, in ms: at most START_TIMES_MAX. */
int store_start_time_list(struct db *db, const char *taskdef, struct arena *a,
                          int64_t took[START_TIMES_MAX], size_t *n, struct err *e)
    __attribute__((warn_unused_result));

#endif
