/* Time of day in milliseconds since 1970 (UTC), and as text. */
#ifndef MIRAGE_CLOCK_H
#define MIRAGE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 96 /* enough for any int in every place */

int64_t clock_now_ms(void) __attribute__((warn_unused_result));       /* CLOCK_REALTIME */
int64_t clock_monotonic_ms(void) __attribute__((warn_unused_result)); /* CLOCK_MONOTONIC */

/* RFC 3339 in UTC with milliseconds, `2026-01-02T15:04:05.999Z`. Returns text. */
char *clock_rfc3339(int64_t ms, char text[CLOCK_TEXT_SIZE]);

/* IMF-fixdate (RFC 9110, 5.6.7), `Fri, 02 Jan 2026 15:04:05 GMT`. Returns text. */
char *clock_imf_fixdate(int64_t ms, char text[CLOCK_TEXT_SIZE]);

/* Reads RFC 3339, with `Z` or an offset, with or without a fraction. 0, or -1 when the text is not
 * that. */
int clock_parse_rfc3339(const char *text, int64_t *ms) __attribute__((warn_unused_result));

#endif
