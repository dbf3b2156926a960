/* Carries out a purge: the lock, and the stops. mirage-purge and mirage-sync share it. */
#ifndef MIRAGE_CRON_PURGE_RUN_H
#define MIRAGE_CRON_PURGE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/client.h"
#include "config/config.h"
#include "err.h"
#include "purge_decision.h"
#include "purge_plan.h"
#include "runner.h"
#include "store/db.h"

/* What a purge works with. */
struct purger {
    const struct config *config;
    struct runner *runner;
    struct aws_client *aws; /* NULL: local tasks, whose counts are in db */
    const char *by;         /* who puts to sleep */
    struct db *db;          /* NULL: mirage-purge, on ECS */
    int64_t settle_ms;      /* between the two looks; 0, and local tasks: one look */
    int stop; /* a descriptor that becomes readable when the program is to end; -1: none */
};

/* Opens runner and client. The caller sets db and stop. */
int purger_open(struct purger *p, const struct config *config, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));
void purger_close(struct purger *p);

/* Takes the lock that lets one purge run at a time on this machine, whatever program runs it.
 * Returns a descriptor that holds the lock until it is closed or its process ends. ERR_BUSY when
 * another purge holds the lock. A lock that a stranger holds is warned about, and holds up nothing.
 */
int purge_lock(const struct config *config, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));

/* Makes the plan. On ECS the last minutes of other copies are not known yet, so where something is
 * to be stopped, this waits for p->settle_ms and plans again: what was not to be stopped both times
 * is kept. ERR_BUSY when the program is to end meanwhile. */
int purge_look_twice(struct purger *p, const struct purge_view *view,
                     const struct purge_rules *rules, struct arena *a, struct purge_plan *plan,
                     struct err *e) __attribute__((warn_unused_result));

/* Stops the tasks that the plan has under the decision's subdomain, and no others: a launch in the
 * meantime keeps its own. sleep: it sleeps from then on, else it was terminated. 1 when they were
 * stopped, 0 when somebody has used the subdomain since the decision, -1 on error. Pauses between
 * stops, because of ECS's throttling. */
int purge_stop(struct purger *p, const struct purge_plan *plan,
               const struct purge_decision *decision, bool sleep, struct err *e)
    __attribute__((warn_unused_result));

#endif
