/* Mustache templates: comments, delimiters, interpolation, sections, inverted sections and
 * partials, as in the core of the specification. Values are Jansson's. No lambdas, no inheritance.
 *
 * A parsed template never changes, so any number of threads may render it at once. False is: what
 * is missing, null, false, the empty string and the empty array. */
#ifndef MIRAGE_MUSTACHE_H
#define MIRAGE_MUSTACHE_H

#include <stddef.h>

#include <jansson.h>

#include "buf.h"
#include "err.h"

struct mustache;

/* Finds a partial. NULL when there is none; it renders as nothing. */
typedef const struct mustache *(*mustache_lookup)(const void *ctx, const char *name);

/* Parses `len` bytes of UTF-8. Errors call the template `name`: "layout.html:12: ...".
 * mustache_free() frees. Text and name need not live longer than this call. */
int mustache_parse(struct mustache **m, const char *name, const char *text, size_t len,
                   struct err *e) __attribute__((warn_unused_result));
void mustache_free(struct mustache *m); /* NULL is fine */

/* Calls `each` for every partial that the template names, with the line, until it returns non-zero,
 * which is then returned; else 0. */
int mustache_each_partial(const struct mustache *m,
                          int (*each)(void *ctx, const char *partial, int line), void *ctx)
    __attribute__((warn_unused_result));

/* Renders the template into `out`. Fails only when partials are nested too deep (as with a partial
 * that always includes itself) or memory runs out; `out` then has a part of the text. */
int mustache_render(const struct mustache *m, const json_t *view, mustache_lookup lookup,
                    const void *ctx, struct buf *out, struct err *e)
    __attribute__((warn_unused_result));

#endif
