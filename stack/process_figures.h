/* What the kernel says of the children, for listen.metrics. */
#ifndef MIRAGE_STACK_PROCESS_FIGURES_H
#define MIRAGE_STACK_PROCESS_FIGURES_H

#include "metrics.h"

#include "child.h"

/* Notes memory and time of a child; of one that does not run, that it does not. */
void process_figures(const struct child *c, struct metric_process *figures);

#endif
