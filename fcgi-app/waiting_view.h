/* What a visitor who waits is told, as JSON: for the template, and for a client that asks for JSON.
 */
#ifndef MIRAGE_WAITING_VIEW_H
#define MIRAGE_WAITING_VIEW_H

#include <stdbool.h>

#include <jansson.h>

#include "arena.h"

#include "waiting.h"

/* Who asks, and when. */
struct waiting_visitor {
    enum language language;
    bool sees_details; /* names, and reasons as they are */
    int64_t now;       /* ms */
    const char *nonce; /* of the page's style and script */
    const char *host;  /* the environment's */
};

/* docs/TEMPLATES.md, starting. */
json_t *waiting_view(const struct waiting_facts *facts, const struct waiting *w,
                     const struct waiting_visitor *visitor, struct arena *a)
    __attribute__((warn_unused_result));

/* `{"result":"starting","state":…,"step":…,"eta_seconds":…}`. */
json_t *waiting_json(const struct waiting_facts *facts, const struct waiting *w,
                     const struct waiting_visitor *visitor) __attribute__((warn_unused_result));

#endif
