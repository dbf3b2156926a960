/* Time zones, beside the machine's own: what their clocks show. */
#ifndef MIRAGE_ZONE_H
#define MIRAGE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "err.h"

/* From a time on (seconds since 1970), how many seconds the zone's clocks are ahead of UTC. */
struct zone_offset {
    int64_t from;
    long ahead;
};

struct zone {
    struct zone_offset *items; /* by time; the first holds before it, too */
    size_t len;
};

/* Whether this machine knows a zone of this name ("Europe/Berlin"). */
bool zone_exists(const char *name) __attribute__((warn_unused_result));

/* Reads the zone's offsets from now on for ten years; NULL: the machine's zone. It changes TZ for a
 * moment: no other thread may run. zone_free() frees. */
int zone_load(struct zone *zone, const char *name, struct err *e)
    __attribute__((warn_unused_result));
void zone_free(struct zone *zone);

/* What the zone's clocks show at this time (ms since 1970). */
void zone_time(const struct zone *zone, int64_t at_ms, struct tm *tm);

/* The same: the weekday (0 is Sunday), and the minute of the day. */
void zone_clock(const struct zone *zone, int64_t at_ms, int *weekday, int *minute);

#endif
