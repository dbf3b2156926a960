/* Keeps and forgets what sleeps, in both places: for all copies of mirage-ecs (runner_keep()), and
 * in the database. */
#ifndef MIRAGE_ASLEEP_KEEP_H
#define MIRAGE_ASLEEP_KEEP_H

#include "asleep.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

/* Writes down what a wake needs: this comes before any of its tasks is stopped. db: NULL where
 * there is none; then the runner must keep it. */
int asleep_keep(struct db *db, struct runner *r, const struct asleep *asleep, struct err *e)
    __attribute__((warn_unused_result));

/* It is awake, or was terminated: forgets it, unless it has been put to sleep again since with a
 * launch newer than this one. */
int asleep_forget(struct db *db, struct runner *r, const char *subdomain, const char *launch,
                  struct err *e) __attribute__((warn_unused_result));

#endif
