/* Small plots, drawn here so that pages need no script for them. */
#ifndef MIRAGE_PLOT_H
#define MIRAGE_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"

enum { PLOT_STEP = 2, PLOT_HEIGHT = 24 };

/* The data of an SVG path to fill: each value is a step PLOT_STEP wide, on a ground at PLOT_HEIGHT;
 * the largest value fills the height. "" when all values are 0. n is less than 500, and no value is
 * negative. */
const char *plot_steps(struct arena *a, const int64_t *values, size_t n)
    __attribute__((warn_unused_result));

#endif
