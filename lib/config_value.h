/* Checks of the text of one value in the configuration. Pure. */
#ifndef MIRAGE_CONFIG_VALUE_H
#define MIRAGE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a duration as Go's time.ParseDuration does: numbers with units, `1h30m`, `1.5s`, `500ms`,
 * or `0`. A part of a millisecond counts as a whole one, so that a short time does not become 0. -1
 * when the text is no duration. */
int config_duration(const char *text, int64_t *ms) __attribute__((warn_unused_result));

/* Whether text is a host name in lower case; it may begin with a dot. */
bool config_is_host(const char *text) __attribute__((warn_unused_result));

/* Whether text is one of `choices`, which are separated by blanks. */
bool config_is_choice(const char *choices, const char *text) __attribute__((warn_unused_result));

/* Whether text is the name of a header field: letters, digits and hyphens. */
bool config_is_header(const char *text) __attribute__((warn_unused_result));

/* Whether text is a URL to which the id of a key can be appended: it ends with a slash. Plain HTTP
 * is accepted only for loopback addresses, where nobody else can answer. */
bool config_is_key_url(const char *text) __attribute__((warn_unused_result));

#endif
