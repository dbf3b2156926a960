/* Merges the log lines of several containers. */
#ifndef MIRAGE_LOG_LINES_H
#define MIRAGE_LOG_LINES_H

#include "arena.h"
#include "runner.h"

/* Sorts by time, and keeps the last `tail` lines (-1: all). Lines of one moment keep their order.
 */
void log_lines_merge(struct log_lines *lines, long tail, struct arena *a);

#endif
