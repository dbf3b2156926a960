/* The timers of a worker: how long each thing may take, and what happens when it took too long. */
#ifndef MIRAGE_PROXYD_TIMEOUTS_H
#define MIRAGE_PROXYD_TIMEOUTS_H

#include <stdint.h>

struct worker;

/* Makes the worker's timer lists, by the configuration. */
void timeouts_set(struct worker *w);

/* Runs what is due. Returns when the next timer expires, monotonic ms; INT64_MAX: none runs. */
int64_t timeouts_run(struct worker *w);

#endif
