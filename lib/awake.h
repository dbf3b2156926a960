/* Times of the week within which nothing falls asleep: "mon-fri 09:00-19:00". Pure. */
#ifndef MIRAGE_AWAKE_H
#define MIRAGE_AWAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct awake_span {
    unsigned days; /* on which it begins: bit 0 is Sunday */
    int from, to;  /* minutes of the day; `to` comes the day after where it is not later */
};

/* Reads "DAYS HH:MM-HH:MM": days are `mon`, `mon-fri`, `sat,sun`, or `daily`; 24:00 is midnight. A
 * span may go beyond midnight. ERR_INVALID says what was expected. */
int awake_parse(struct awake_span *span, const char *text, struct err *e)
    __attribute__((warn_unused_result));

/* Whether this minute of this weekday (0 is Sunday) is in the span. */
bool awake_covers(const struct awake_span *span, int weekday, int minute)
    __attribute__((warn_unused_result));

/* How many minutes it is from this one on until none of the spans, which are well-formed texts,
 * covers it; 0: none does. -1: all of the week is covered. */
int awake_left(const char *const *spans, size_t n, int weekday, int minute)
    __attribute__((warn_unused_result));

#endif
