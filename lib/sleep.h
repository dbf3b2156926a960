/* Sleep and wake of an environment, which the API, the pages, purges and mirage-sync share. */
#ifndef MIRAGE_SLEEP_H
#define MIRAGE_SLEEP_H

#include "asleep.h"
#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"
#include "task.h"

/* Writes down what it takes to wake the environment that has these live tasks (at least one, all of
 * one subdomain): from then on they may be stopped, with STOP_ASLEEP. ERR_BUSY while they are not
 * all that its newest launch has. db: NULL where there is none. */
int sleep_begin(struct db *db, struct runner *r, const struct config *config,
                const struct task *tasks, size_t n, const char *by, const char *reason,
                struct err *e) __attribute__((warn_unused_result));

/* Puts the environment to sleep: it is written down, and its tasks are stopped. It is no error when
 * it sleeps already. ERR_NOT_FOUND when nothing runs under the subdomain; ERR_BUSY while a newer
 * launch is on its way. */
int environment_sleep(struct db *db, struct runner *r, const struct config *config,
                      const char *subdomain, const char *by, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* Launches again what sleeps. 1 when it was launched; 0 when that is on its way already; or -1:
 * ERR_NOT_FOUND when it does not sleep. newest: the newest revision of each task definition, not
 * the one that it had. */
int environment_wake(struct db *db, struct runner *r, const char *subdomain, const char *by,
                     bool newest, struct err *e) __attribute__((warn_unused_result));

/* How far a wake has come. */
enum wake_progress {
    WAKE_NOT, /* also of what does not sleep */
    WAKE_ON_ITS_WAY,
    WAKE_BROKEN_OFF, /* whoever began it has ended amid its tasks: another wake completes it */
};

/* One of those, or -1. */
int environment_wake_progress(struct db *db, const char *subdomain, struct err *e)
    __attribute__((warn_unused_result));

#endif
