/* `{{ env "NAME" … "default" }}` and `{{ must_env "NAME" }}`, replaced in a configuration's text
 * before it is read as YAML. Names and defaults are in quotes or backquotes. */
#ifndef MIRAGE_TEMPLATE_ENV_H
#define MIRAGE_TEMPLATE_ENV_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/* Appends the text with its expressions replaced to `out`. Inside an expression's quotes `\`
 * escapes the next character; backquotes take everything as it is. The error begins with the line
 * number: "12: ...". ERR_INVALID for a malformed expression or a missing must_env variable.
 * `unset` (NULL: not wanted) gets, a line each, the names that stand in the text for themselves: of
 * an `env` with one argument, whose variable is not set. */
int template_env_expand(const char *text, size_t len, struct buf *out, struct buf *unset,
                        struct err *e) __attribute__((warn_unused_result));

#endif
