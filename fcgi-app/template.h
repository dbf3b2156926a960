/* The templates: every *.html of `htmldir`. They are parsed once at the start, and never change. */
#ifndef MIRAGE_TEMPLATE_H
#define MIRAGE_TEMPLATE_H

#include <jansson.h>

#include "buf.h"
#include "err.h"

struct templates;

/* Loads layout, list and launcher from `dir`. Another page comes from `installed` if `dir` does not
 * have it. Any other *.html file of `dir` is a partial. Errors name file and line. templates_free()
 * frees. */
int templates_load(struct templates **t, const char *dir, const char *installed, struct err *e)
    __attribute__((warn_unused_result));
void templates_free(struct templates *t); /* NULL is fine */

/* Renders the template `name` ("list") into `out`. Safe from any thread. */
int templates_render(const struct templates *t, const char *name, const json_t *view,
                     struct buf *out, struct err *e) __attribute__((warn_unused_result));

#endif
