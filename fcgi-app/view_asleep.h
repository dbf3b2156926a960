/* An environment that sleeps, as the list shows it. */
#ifndef MIRAGE_VIEW_ASLEEP_H
#define MIRAGE_VIEW_ASLEEP_H

#include <jansson.h>

#include "store/store_asleep.h"

struct call;

/* {"at","by","reason","error","taskdef","branch","parameters"}: since when and why, why the last
 * wake failed, and what a wake launches. */
json_t *view_asleep(struct call *c, const struct asleep_row *row)
    __attribute__((warn_unused_result));

#endif
