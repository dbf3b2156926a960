/* Checks of the text of one value in the configuration. Pure. */
#ifndef MIRAGE_CONFIG_VALUE_H
#define MIRAGE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#include "config_schema.h"

/* Reads a duration as Go's time.ParseDuration does: numbers with units, `1h30m`, `1.5s`, `500ms`,
 * or `0`. A part of a millisecond counts as a whole one, so that a short time does not become 0. -1
 * when the text is no duration. */
int config_duration(const char *text, int64_t *ms) __attribute__((warn_unused_result));

/* Whether text is a host name in lower case; it may begin with a dot. */
bool config_is_host(const char *text) __attribute__((warn_unused_result));

/* Checks a text, or one of a list of texts, against the type of the field. 0, or -1 and *e says
 * what was expected, without the place. */
int config_check_text(const struct config_field *f, const char *text, struct err *e)
    __attribute__((warn_unused_result));

#endif
