/* The health check: what a request gets whose host is neither an environment's nor the web API's.
 */
#ifndef MIRAGE_PROXYD_HEALTH_H
#define MIRAGE_PROXYD_HEALTH_H

#include "err.h"
#include "store/db.h"

struct conn;
struct shared;

/* Main thread, in a reading transaction: healthy from the first successful look at the tasks on.
 * 0, or -1 with *e. */
int health_look(struct shared *shared, struct db *db, struct err *e)
    __attribute__((warn_unused_result));

/* Answers 200 when the tasks were looked at once, 503 before. */
void health_answer(struct conn *c);

#endif
