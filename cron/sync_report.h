/* Reports access counts to CloudWatch. */
#ifndef MIRAGE_CRON_SYNC_REPORT_H
#define MIRAGE_CRON_SYNC_REPORT_H

#include "job.h"

/* A job's run(), for tasks on ECS. */
void sync_report(struct job *job);

#endif
