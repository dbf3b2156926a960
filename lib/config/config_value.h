/* What the text of one value in the configuration must be. Pure. */
#ifndef MIRAGE_CONFIG_VALUE_H
#define MIRAGE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Go's time.ParseDuration: numbers with units, `1h30m`, `1.5s`, `500ms`, or `0`. A part of a
 * millisecond counts as a whole one, so that a short time does not become none. -1 if it is not. */
int config_duration(const char *text, int64_t *ms) __attribute__((warn_unused_result));

/* A host name in small letters; it may begin with a dot. */
bool config_is_host(const char *text) __attribute__((warn_unused_result));

/* Whether text is one of `choices`, which are separated by blanks. */
bool config_is_choice(const char *choices, const char *text) __attribute__((warn_unused_result));

/* The name of a header field: letters, digits and hyphens. */
bool config_is_header(const char *text) __attribute__((warn_unused_result));

/* A base that a key's id is put behind, with a slash at its end. Plain HTTP only where nobody else
 * can answer. */
bool config_is_key_url(const char *text) __attribute__((warn_unused_result));

#endif
