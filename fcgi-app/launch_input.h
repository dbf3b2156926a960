/* A launch as a client asked for it: what the API and the form share. */
#ifndef MIRAGE_LAUNCH_INPUT_H
#define MIRAGE_LAUNCH_INPUT_H

#include "arena.h"
#include "err.h"
#include "launch_check.h"

#include "params.h"

/* Collects the input of launch_check(). Empty taskdefs are left out, because a form sends its
 * unused fields too. `params` must outlive `input`. */
int launch_input_read(const struct params *params, struct arena *a, struct launch_input *input,
                      struct err *e) __attribute__((warn_unused_result));

#endif
