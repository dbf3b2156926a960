/* Small plots, drawn here so that pages need no script for them. */
#ifndef MIRAGE_PLOT_H
#define MIRAGE_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"

enum { PLOT_STEP = 2, PLOT_HEIGHT = 24 };

/* The data of an SVG path: an upright stroke for each value that is not 0, in a box of PLOT_STEP a
 * value by PLOT_HEIGHT; the largest fills the height. "" when all are 0. */
const char *plot_bars(struct arena *a, const int64_t *values, size_t n)
    __attribute__((warn_unused_result));

#endif
