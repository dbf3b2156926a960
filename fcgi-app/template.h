/* The templates: every *.html of `htmldir`, parsed once at start and never changed. */
#ifndef MIRAGE_TEMPLATE_H
#define MIRAGE_TEMPLATE_H

#include <jansson.h>

#include "buf.h"
#include "err.h"

struct templates;

/* Loads layout, list and launcher from `dir`; the other pages come from `installed` where `dir`
 * does not have them. Any other *.html file of `dir` is a partial. Errors name file and line.
 * templates_free() frees. */
int templates_load(struct templates **t, const char *dir, const char *installed, struct err *e)
    __attribute__((warn_unused_result));
void templates_free(struct templates *t); /* NULL is fine */

/* Adds the template `name` ("list"), filled in, to `out`. Safe from any thread. */
int templates_render(const struct templates *t, const char *name, const json_t *view,
                     struct buf *out, struct err *e) __attribute__((warn_unused_result));

#endif
