/* Signals as a descriptor, for loops that wait for several things. */
#ifndef MIRAGE_SIGNALS_H
#define MIRAGE_SIGNALS_H

#include <stdbool.h>

/* Blocks these signals (a list that ends with 0), in this thread and those it starts later, and
 * returns a non-blocking signalfd(2) for them; -1 with errno. SIGPIPE is ignored from then on. */
int signals_watch(const int *numbers) __attribute__((warn_unused_result));

/* The next signal that has come, 0 when there is none. */
int signals_next(int fd) __attribute__((warn_unused_result));

#endif
