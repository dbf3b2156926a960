/* Times and durations as people read them. */
#ifndef MIRAGE_VIEW_TIME_H
#define MIRAGE_VIEW_TIME_H

#include <stdint.h>

#include <jansson.h>

#include "arena.h"

/* `{"text":"2026-01-02 15:04:05","iso":"2026-01-02T15:04:05.000Z","ago":"2 h ago"}`; null for 0. */
json_t *view_time(int64_t ms) __attribute__((warn_unused_result));

/* A duration: "340 ms", "3.2 s", "2 min 5 s", "3 h 12 min", "4 d 3 h". A negative one counts as 0.
 */
const char *view_duration(struct arena *a, int64_t ms) __attribute__((warn_unused_result));

#endif
