/* The job that counts what is in the database, for listen.metrics. */
#ifndef MIRAGE_CRON_SYNC_FIGURES_H
#define MIRAGE_CRON_SYNC_FIGURES_H

#include "job.h"

void sync_figures(struct job *job);

#endif
