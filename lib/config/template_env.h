/* `{{ env "NAME" … "default" }}` and `{{ must_env "NAME" }}`, which are replaced in a
 * configuration's text before it is read as YAML. Names and defaults are in quotes or backquotes.
 */
#ifndef MIRAGE_TEMPLATE_ENV_H
#define MIRAGE_TEMPLATE_ENV_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/* Appends the text to `out`, with its expressions replaced. Within an expression's quotes `\`
 * escapes the next character; within backquotes nothing is escaped. `| json_escape` makes the text
 * of a JSON string of the value.
 *
 * Within YAML's quotes a value is escaped, so that YAML reads it as it is; '…' with an expression
 * in it becomes "…". In a block of text its lines are indented. Without quotes it goes as it is: if
 * YAML then reads something else than this text or a list, `warnings` (NULL: not wanted) gets a
 * line "12: ...", and below the key `auth` it is an error.
 *
 * The error begins with the line number: "12: ...". ERR_INVALID for a malformed expression, or for
 * a must_env variable that is not set. `unset` (NULL: not wanted) gets, a line each, the names that
 * were used as their own value: an `env` with one argument, whose variable is not set. */
int template_env_expand(const char *text, size_t len, struct buf *out, struct buf *unset,
                        struct buf *warnings, struct err *e) __attribute__((warn_unused_result));

#endif
