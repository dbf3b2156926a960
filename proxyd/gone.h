/* Connections to tasks that have no route any more: a terminated one's end after a while. */
#ifndef MIRAGE_PROXYD_GONE_H
#define MIRAGE_PROXYD_GONE_H

#define GONE_SWEEP_MS 1000  /* routes that change more often are looked at together */
#define GONE_END_MS   30000 /* what an exchange, or a tunnel, with such a task has left */

struct timer;

/* TIMER_SWEEP, worker->sweep: the routes are new. Finds the connections whose task is gone. */
void gone_sweep(struct timer *t);

/* TIMER_GONE, upstream->gone: ends the exchange or tunnel, unless its task has come back. */
void gone_end(struct timer *t);

#endif
