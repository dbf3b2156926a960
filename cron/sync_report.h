/* What becomes of the access counts. */
#ifndef MIRAGE_CRON_SYNC_REPORT_H
#define MIRAGE_CRON_SYNC_REPORT_H

#include "job.h"

/* A job's run(), for tasks on ECS: reports them to CloudWatch. */
void sync_report(struct job *job);

/* A job's run(), for local tasks: keeps them for as long as there is an environment that a purge
 * may ask about, and two days more. */
void sync_forget(struct job *job);

#endif
