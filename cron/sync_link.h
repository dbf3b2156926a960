/* mirage link: keeps the records in Route 53 that the running tasks need. */
#ifndef MIRAGE_CRON_SYNC_LINK_H
#define MIRAGE_CRON_SYNC_LINK_H

#include "job.h"

/* A job's run(), for a configuration with link.hosted_zone_id. */
void sync_link(struct job *job);

#endif
