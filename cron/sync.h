/* The two halves of a pass of mirage-sync: what the runner says goes into the view; what the view
 * says runs is tried for a connection. */
#ifndef MIRAGE_CRON_SYNC_H
#define MIRAGE_CRON_SYNC_H

#include <stdbool.h>

#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

/* Lists the tasks and makes the view say the same, in one transaction that writes what changed and
 * nothing else. A failure leaves the view as it was. */
int sync_view(struct db *db, struct runner *r, struct err *e) __attribute__((warn_unused_result));

/* Connects to every port of a RUNNING task that has not accepted a connection yet, all at once, and
 * marks those that did ready. *starting: something is still on its way up. */
int sync_probe(struct db *db, const struct config *config, bool *starting, struct err *e)
    __attribute__((warn_unused_result));

#endif
