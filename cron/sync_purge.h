/* Carries out the purges that were asked for, and asks for those of the schedule. */
#ifndef MIRAGE_CRON_SYNC_PURGE_H
#define MIRAGE_CRON_SYNC_PURGE_H

#include "job.h"

/* The run() of two jobs. The second is for a configuration with purge.schedule. */
void sync_purge(struct job *job);
void sync_schedule(struct job *job);

#endif
