/* A program of the stack, for the process that supervises it. */
#ifndef MIRAGE_STACK_CHILD_H
#define MIRAGE_STACK_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct child {
    const char *name;
    const char *const *argv; /* ends with NULL; argv[0] is the path */
    /* The variables that it gets, a list that ends with NULL; NULL: all variables. */
    const char *const *variables;
    int log;                /* a descriptor that its log goes to; 0: where ours goes */
    uint64_t file_size_max; /* of each file that it writes; 0: no limit of its own */
    bool listens;           /* it listens on ports of the network, which may be below 1024 */
    int stop_signal;        /* the signal that asks it to finish and end; 0: SIGTERM */
    bool prints;            /* its standard output is ours: the access log */
    bool not_as_root;       /* it refuses to serve as root: see privileges.h */
    pid_t pid;              /* 0: it does not run */
    int64_t started_at;     /* monotonic ms */
    int64_t start_again_at; /* monotonic ms; it holds while pid is 0 */
    uint64_t starts;        /* how often it was started */
    unsigned deaths;        /* in a row, each soon after its start */
};

/* Starts the program. It gets SIGTERM when this process dies. */
int child_start(struct child *c, struct err *e) __attribute__((warn_unused_result));

/* The program has ended with this wait status. Logs it, and sets when to start it again: at once
 * after a good run, else after a pause that doubles from 100 ms to 30 s. */
void child_ended(struct child *c, int status);

/* Ends what is left of the process group of a child that has ended. Apache's workers outlive an
 * Apache that was killed, and hold its port. */
void child_end_group(pid_t pid);

/* "ended with status 1" or "was ended by signal 9", in a static buffer. */
const char *child_describe_end(int status) __attribute__((warn_unused_result));

#endif
