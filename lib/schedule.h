/* Schedules in the form of EventBridge's cron() (Amazon EventBridge User Guide, "Cron expressions
 * reference"): minutes, hours, day of month, month, day of week, year; in the machine's time zone.
 */
#ifndef MIRAGE_SCHEDULE_H
#define MIRAGE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define SCHEDULE_YEAR_MIN 1970
#define SCHEDULE_YEAR_MAX 2199

struct schedule {
    uint64_t minutes; /* a bit each */
    uint32_t hours;
    uint32_t days;         /* of the month; bit 1 is the first */
    uint32_t weekday_near; /* `nW`: the weekday nearest to day n */
    bool last_day;         /* `L` */
    bool last_weekday;     /* `LW` */
    uint16_t months;       /* bit 1 is January */
    uint8_t weekdays;      /* bit 1 is Sunday */
    uint8_t last_of;       /* `nL`: the last such day of the month */
    uint8_t nth_day, nth;  /* `n#k`: the k-th such day of the month; 0: none */
    bool years[SCHEDULE_YEAR_MAX - SCHEDULE_YEAR_MIN + 1];
};

/* Reads the six fields, with or without `cron(…)` around them. ERR_INVALID says which field is
 * wrong and what was expected. */
int schedule_parse(struct schedule *s, const char *text, struct err *e)
    __attribute__((warn_unused_result));

/* The first time of the schedule after `after_ms`, in ms; -1 when there is none. A time that the
 * clock skips when it is set forward (daylight saving) is left out. */
int64_t schedule_next(const struct schedule *s, int64_t after_ms)
    __attribute__((warn_unused_result));

/* Whether the schedule has this minute, as clocks show it: month from 1, day from 1. */
bool schedule_has(const struct schedule *s, int year, int month, int day, int hour, int minute)
    __attribute__((warn_unused_result));

#endif
