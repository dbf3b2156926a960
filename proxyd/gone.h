/* Connections to tasks that have no route any more: a terminated one's end after a while. */
#ifndef MIRAGE_PROXYD_GONE_H
#define MIRAGE_PROXYD_GONE_H

#include <stdint.h>

#define GONE_SWEEP_MS 1000 /* routes that change more often are looked at together */

struct config;
struct timer;

/* How long an exchange, or a tunnel, with such a task goes on: launch.drain, ms. */
int64_t gone_after_ms(const struct config *c) __attribute__((warn_unused_result));

/* TIMER_SWEEP, worker->sweep: the routes are new. Finds the connections whose task is gone. */
void gone_sweep(struct timer *t);

/* TIMER_GONE, upstream->gone: ends the exchange or tunnel, unless its task has come back. */
void gone_end(struct timer *t);

#endif
