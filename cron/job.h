/* The jobs of mirage-sync. Each is a thread with a database connection of its own, so that a slow
 * service holds up only the job that needs it. */
#ifndef MIRAGE_CRON_JOB_H
#define MIRAGE_CRON_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "err.h"
#include "store/db.h"
#include "zone.h"

struct job {
    const char *name;
    void (*run)(struct job *job); /* returns when job_wait() says false */
    const struct config *config;
    const char *state_dir;
    const struct zone *zone; /* of sleep.awake */
    int stop;                /* a descriptor that becomes readable when the program is to end */
    struct db *db;
    pthread_t thread;
    bool started;
};

int job_start(struct job *job, struct err *e) __attribute__((warn_unused_result));
void job_join(struct job *job); /* waits for its end; a job that was not started is fine */

/* Waits until `ms` have passed, or has_news() returns true. has_news() is called ten times a
 * second; with NULL nothing is called. False when the program is to end. */
bool job_wait(struct db *db, int stop, int64_t ms, bool (*has_news)(struct db *db, void *ctx),
              void *ctx) __attribute__((warn_unused_result));

/* The pause after `failures` failures in a row. It doubles from a second up to half a minute. Half
 * of it is random, so that several copies do not try at the same moment. */
int64_t job_backoff_ms(int failures) __attribute__((warn_unused_result));

#endif
