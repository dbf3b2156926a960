/* What sleeps: kept in step with the tasks, and with what all copies of mirage-ecs know of it. */
#ifndef MIRAGE_CRON_SYNC_ASLEEP_H
#define MIRAGE_CRON_SYNC_ASLEEP_H

#include <stdbool.h>

#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

#include "job.h"

/* A part of mirage-sync's pass: of each environment that sleeps, stops what still runs of the
 * launches that sleep. Sets *moving while one wakes. Where the runner keeps nothing, also forgets
 * what sync_asleep_forget() does. */
int sync_asleep(struct db *db, struct runner *r, const struct config *config, bool *moving,
                struct err *e) __attribute__((warn_unused_result));

/* Forgets each whose newer launch is ready, that was terminated, or has slept for sleep.keep. Until
 * then it does no harm that it is still known as asleep. */
int sync_asleep_forget(struct db *db, struct runner *r, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));

/* A job's run(), with state.url: what other copies have put to sleep, or woken, is so here, too. */
void sync_asleep_share(struct job *job);

#endif
