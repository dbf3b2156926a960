/* Launches again what was lost. */
#ifndef MIRAGE_CRON_SYNC_RECOVER_H
#define MIRAGE_CRON_SYNC_RECOVER_H

#include "job.h"

/* The run() of a job. */
void sync_recover(struct job *job);

#endif
