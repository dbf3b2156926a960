/* Launches again what was lost: recover_decide() on what the view has, carried out. */
#ifndef MIRAGE_RECOVER_H
#define MIRAGE_RECOVER_H

#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

/* Launches the environment again if it has lost a task and that is due by now: the same task
 * definitions and variables, under an id that is derived from what was lost. 1 when it was
 * launched, 0 when there was nothing to do, or -1. */
int recover_environment(struct db *db, struct runner *r, const struct config *config,
                        const char *subdomain, struct err *e) __attribute__((warn_unused_result));

#endif
