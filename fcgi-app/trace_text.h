/* The life of a task as lines of text: what the Go mirage-ecs answered to `/trace/ID`. */
#ifndef MIRAGE_TRACE_TEXT_H
#define MIRAGE_TRACE_TEXT_H

#include "buf.h"
#include "runner.h"

struct call;

/* Appends a line `TIME<TAB>SOURCE<TAB>TEXT` for each event and each log line, by time, then the
 * state of each container and of the task. Times are UTC. */
void trace_text(struct call *c, const struct trace *trace, const struct task *t, struct buf *out);

#endif
