/* The life of an environment: launch and terminate, which the API, the pages and purges share.
 * Keeps the runner and the database's view in step. */
#ifndef MIRAGE_ENVIRONMENT_H
#define MIRAGE_ENVIRONMENT_H

#include "err.h"
#include "launch_rule.h"
#include "runner.h"
#include "store/db.h"

/* Stops what runs under the subdomain, then launches. ERR_REFUSED names every task definition that
 * failed, why it failed, and what did start. Launches of one subdomain in this process wait for
 * each other. */
int environment_launch(struct db *db, struct runner *r, const struct launch_request *request,
                       struct err *e) __attribute__((warn_unused_result));

/* Stops all tasks of the subdomain, as a person asked, and forgets it where it sleeps. It is no
 * error when nothing runs. */
int environment_terminate(struct db *db, struct runner *r, const char *subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* Stops one task; the environment goes on. arn: its ARN; reason: one of task.h. */
int environment_stop_task(struct db *db, struct runner *r, const char *arn, const char *reason,
                          struct err *e) __attribute__((warn_unused_result));

/* Stops one task, by short id or ARN, for one of the reasons in task.h. ERR_NOT_FOUND when there is
 * no such task. */
int environment_terminate_task(struct db *db, struct runner *r, const char *id, const char *reason,
                               struct err *e) __attribute__((warn_unused_result));

/* Wakes by visits and by the schedule that were begun before this time (ms) are nobody's any more:
 * for mirage-sync, which alone begins them, at its start. */
void environment_forsake(int64_t before_ms);

/* Whether a launch that is STARTING may still be being begun by somebody. */
bool environment_is_fresh(const struct launch *l, int64_t now_ms)
    __attribute__((warn_unused_result));

#endif
