/* How long a start usually takes, from how long the last ones took. Pure. */
#ifndef MIRAGE_START_TIME_H
#define MIRAGE_START_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define START_TIMES_MAX   20 /* as many are remembered of a task definition */
#define START_TIMES_LEAST 3  /* of fewer nothing is said */

struct start_usual {
    int64_t median_ms;
    int64_t p90_ms; /* nine of ten took no longer */
};

/* Sorts took[0..n), milliseconds, and reads median and 90th percentile off it, by nearest rank.
 * false with fewer than START_TIMES_LEAST. */
bool start_time_usual(int64_t *took, size_t n, struct start_usual *usual)
    __attribute__((warn_unused_result));

/* How much longer it will take, in ms, when it has taken `elapsed_ms` so far: until the median, and
 * later until the 90th percentile. -1: nobody knows. */
int64_t start_time_left(const struct start_usual *usual, int64_t elapsed_ms)
    __attribute__((warn_unused_result));

#endif
