/* `{{ env "NAME" … "default" }}` and `{{ must_env "NAME" }}`, which are replaced in a
 * configuration's text before it is read as YAML. Names and defaults are in quotes or backquotes.
 */
#ifndef MIRAGE_TEMPLATE_ENV_H
#define MIRAGE_TEMPLATE_ENV_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/* Appends the text to `out`, with its expressions replaced. Within an expression's quotes `\`
 * escapes the next character; within backquotes nothing is escaped. The error begins with the line
 * number: "12: ...". ERR_INVALID for a malformed expression, or for a must_env variable that is not
 * set. `unset` (NULL: not wanted) gets, a line each, the names that were used as their own value:
 * an `env` with one argument, whose variable is not set. */
int template_env_expand(const char *text, size_t len, struct buf *out, struct buf *unset,
                        struct err *e) __attribute__((warn_unused_result));

#endif
