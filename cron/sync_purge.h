/* Carries out the purges that were asked for. */
#ifndef MIRAGE_CRON_SYNC_PURGE_H
#define MIRAGE_CRON_SYNC_PURGE_H

#include "job.h"

/* A job's run(). */
void sync_purge(struct job *job);

#endif
