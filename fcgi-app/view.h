/* Texts and links as JSON. Values that templates put into a URL are escaped for that here; the
 * template engine escapes HTML. */
#ifndef MIRAGE_VIEW_H
#define MIRAGE_VIEW_H

#include <jansson.h>

#include "arena.h"

/* A text, of ours or from ECS, as a JSON string. NULL counts as "". */
json_t *view_text(const char *text) __attribute__((warn_unused_result));

/* The form filled with a launch of the subdomain; NULL or "": with what serves, or was launched
 * last. */
json_t *view_again_url(struct arena *a, const char *subdomain, const char *launch)
    __attribute__((warn_unused_result));

/* `before` and the escaped name, for example a link below "/logs/". */
json_t *view_url(struct arena *a, const char *before, const char *name)
    __attribute__((warn_unused_result));

#endif
