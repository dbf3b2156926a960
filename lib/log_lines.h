/* Lines of several containers, brought together. */
#ifndef MIRAGE_LOG_LINES_H
#define MIRAGE_LOG_LINES_H

#include "arena.h"
#include "runner.h"

/* Sorts by time, lines of one moment staying in the order that they came in, and keeps the last
 * `tail` (-1: all). */
void log_lines_merge(struct log_lines *lines, long tail, struct arena *a);

#endif
