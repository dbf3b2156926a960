/* What the page on which a visitor waits says, in each language. */
#ifndef MIRAGE_WAITING_TEXT_H
#define MIRAGE_WAITING_TEXT_H

#include <stdint.h>

#include "arena.h"

#include "waiting.h"

/* The tag of RFC 5646: "en". */
const char *waiting_text_tag(enum language in) __attribute__((warn_unused_result));

/* The heading: `NAME is starting`. */
const char *waiting_text_heading(const struct waiting *w, const char *name, enum language in,
                                 struct arena *a) __attribute__((warn_unused_result));

/* What a visitor can expect, or has to do. */
const char *waiting_text_message(const struct waiting *w, enum language in)
    __attribute__((warn_unused_result));

/* What happens in a step: "Waiting for port 80". port: 0 where it is not known. */
const char *waiting_text_step(enum waiting_step step, int port, enum language in, struct arena *a)
    __attribute__((warn_unused_result));

/* "Usually 45 s, nearly always within 1 min 20 s." */
const char *waiting_text_usual(const struct start_usual *usual, enum language in, struct arena *a)
    __attribute__((warn_unused_result));

/* A duration in whole seconds, minutes or hours: "1 min 20 s". */
const char *waiting_text_duration(int64_t ms, enum language in, struct arena *a)
    __attribute__((warn_unused_result));

/* Short texts that are alike in all states. */
enum waiting_label {
    LABEL_ELAPSED, /* in front of a duration: since when it starts */
    LABEL_ASLEEP,  /* the same: how long it has been asleep */
    LABEL_STEPS,   /* the name of the list of steps */
    LABEL_DONE,    /* for who does not see which steps are done */
    LABEL_TASKDEF,
    LABEL_REASON,
    LABELS,
};

const char *waiting_text_label(enum waiting_label label, enum language in)
    __attribute__((warn_unused_result));

#endif
