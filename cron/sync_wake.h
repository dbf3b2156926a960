/* Wakes what sleeps and is wanted. */
#ifndef MIRAGE_CRON_SYNC_WAKE_H
#define MIRAGE_CRON_SYNC_WAKE_H

#include "job.h"

/* A job's run(): launches each environment again that sleeps and that somebody wants, within a
 * tenth of a second; what fails, with growing pauses. */
void sync_wake(struct job *job);

/* A job's run(), with sleep.wake_at: wants all that sleeps at its times. */
void sync_wake_at(struct job *job);

#endif
