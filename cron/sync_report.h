/* Reports access counts, and drops old ones. */
#ifndef MIRAGE_CRON_SYNC_REPORT_H
#define MIRAGE_CRON_SYNC_REPORT_H

#include "job.h"

/* A job's run(), for tasks on ECS: reports the counts to CloudWatch. */
void sync_report(struct job *job);

/* A job's run(), for local tasks: drops counts older than two days of environments that have ended.
 * A purge may ask for those of the others. */
void sync_forget(struct job *job);

#endif
