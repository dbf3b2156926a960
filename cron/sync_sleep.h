/* Puts to sleep what nobody uses (the section `sleep` of the configuration). */
#ifndef MIRAGE_CRON_SYNC_SLEEP_H
#define MIRAGE_CRON_SYNC_SLEEP_H

#include "job.h"
/* A job's run(), with sleep.after. */
void sync_sleep(struct job *job);

#endif
