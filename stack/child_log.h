/* The log of a program that is not ours: its lines become lines of our log, as text or JSON, and no
 * more of them than a bound, because strangers can make a web server write one for each request. */
#ifndef MIRAGE_STACK_CHILD_LOG_H
#define MIRAGE_STACK_CHILD_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define CHILD_LOG_LINE_MAX 1024 /* a longer line is cut */
#define CHILD_LOG_BURST    30   /* lines at once */
#define CHILD_LOG_EACH_MS  1000 /* and then one in this time */

struct child_log {
    const char *name; /* of the program */
    int in, out;      /* a pipe: what the program writes to `out` is read from `in` */
    char line[CHILD_LOG_LINE_MAX];
    size_t len;
    int64_t credit_ms; /* each line takes CHILD_LOG_EACH_MS of it */
    int64_t seen_at;   /* monotonic ms; credit was given until then */
    unsigned left_out;
};

/* child_log_close() closes, also after a failure. */
int child_log_open(struct child_log *l, const char *name, struct err *e)
    __attribute__((warn_unused_result));

/* Logs what the program has written. Does not wait. */
void child_log_pass_on(struct child_log *l, int64_t now_ms);

/* Logs the rest, and closes. */
void child_log_close(struct child_log *l, int64_t now_ms);

#endif
