/* On ECS, several stacks may share a cluster behind one load balancer. Each has a view of its own,
 * which is seconds old. Where that is not good enough, mirage-sync is asked to list the tasks now.
 */
#ifndef MIRAGE_LOOK_H
#define MIRAGE_LOOK_H

#include "err.h"

struct call;

/* Waits until the database's view of the tasks is no older than this call. Do not call it within a
 * transaction. Does nothing for local tasks, of which the view is always up to date. ERR_BUSY, and
 * why, when the tasks cannot be listed. */
int look(struct call *c, struct err *e) __attribute__((warn_unused_result));

#endif
