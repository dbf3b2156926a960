/* Carrying out a purge: the lock, and the stops. mirage-purge and mirage-sync share it. */
#ifndef MIRAGE_CRON_PURGE_RUN_H
#define MIRAGE_CRON_PURGE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/client.h"
#include "config/config.h"
#include "err.h"
#include "purge.h"
#include "purge_plan.h"
#include "runner.h"
#include "store/db.h"

/* What a purge works with. */
struct purger {
    const struct config *config;
    struct runner *runner;
    struct aws_client *aws; /* NULL: local tasks, whose counts are in db */
    struct db *db;          /* NULL: mirage-purge, on ECS */
    int stop;               /* a descriptor that becomes readable when the program is to end; -1 */
};

/* Opens runner and client. db and stop are the caller's. */
int purger_open(struct purger *p, const struct config *config, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));
void purger_close(struct purger *p);

/* One purge at a time on this machine, whatever program runs it: a descriptor that holds the lock
 * until it is closed, or its process ends. ERR_BUSY when another purge has it. */
int purge_lock(const struct config *config, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));

/* Stops the tasks that the plan has under the subdomain, and no others: a launch in the meantime
 * keeps its own. 1 when they were stopped, 0 when somebody has used it since the decision, -1.
 * Pauses between stops as ECS's throttling wants it. */
int purge_stop(struct purger *p, const struct purge_plan *plan, const char *subdomain,
               struct err *e) __attribute__((warn_unused_result));

#endif
