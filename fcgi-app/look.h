/* On ECS, several stacks may share a cluster behind one load balancer, and each has a view of its
 * own that is seconds old. Where that is not good enough, mirage-sync is asked for a look that
 * begins now. */
#ifndef MIRAGE_LOOK_H
#define MIRAGE_LOOK_H

#include "err.h"

struct call;

/* Waits until the database's view of the tasks is of no earlier than this call; not within a
 * transaction. Local tasks are seen as it is. ERR_BUSY, and why, when it cannot be had. */
int look(struct call *c, struct err *e) __attribute__((warn_unused_result));

#endif
