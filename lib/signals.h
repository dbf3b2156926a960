/* Signals as a descriptor, for loops that wait for several kinds of events. */
#ifndef MIRAGE_SIGNALS_H
#define MIRAGE_SIGNALS_H

#include <stdbool.h>

/* Blocks these signals (a list that ends with 0) in this thread and in those that it starts later.
 * Returns a non-blocking signalfd(2) for them, or -1 with errno. SIGPIPE is ignored from then on.
 */
int signals_watch(const int *numbers) __attribute__((warn_unused_result));

/* The next signal that has arrived; 0 when there is none. */
int signals_next(int fd) __attribute__((warn_unused_result));

#endif
