/* The two halves of a pass of mirage-sync. First, what the runner says goes into the view. Then,
 * the ports of running tasks are tried. */
#ifndef MIRAGE_CRON_SYNC_H
#define MIRAGE_CRON_SYNC_H

#include <stdbool.h>

#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

/* Lists the tasks and updates the view, in one transaction that writes only what changed. A failure
 * leaves the view as it was. */
int sync_view(struct db *db, struct runner *r, struct err *e) __attribute__((warn_unused_result));

/* Connects to every port of a RUNNING task that has not accepted a connection yet, all at once,
 * marks those that accept as ready, and asks those for launch.health. `again`: also connects to
 * those that are ready; one that accepts nothing is silent. *starting: something is still on its
 * way up. */
int sync_probe(struct db *db, const struct config *config, bool again, bool *starting,
               struct err *e) __attribute__((warn_unused_result));

/* Decides which launch of each environment serves, and stops what has been replaced or has failed.
 * Sets *moving while one replaces another. */
int sync_launches(struct db *db, struct runner *r, const struct config *config, bool *moving,
                  struct err *e) __attribute__((warn_unused_result));

#endif
