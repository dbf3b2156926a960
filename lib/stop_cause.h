/* Why a task stopped, in words for whoever waits for it. They name no image, role or secret: those
 * stand in the stopped reason itself. */
#ifndef MIRAGE_STOP_CAUSE_H
#define MIRAGE_STOP_CAUSE_H

#include <stddef.h>

#define STOP_CAUSES 32 /* how many there are */

enum language {
    LANGUAGE_EN,
    LANGUAGE_JA,
    LANGUAGES,
};

struct stop_cause {
    const char *key;              /* a word for programs */
    const char *what[LANGUAGES];  /* a sentence: what happened */
    const char *to_do[LANGUAGES]; /* a sentence: what to do about it */
};

/* The cause that stands behind a task's stoppedReason (with what its containers say: "app: exit
 * code 137") and its stopCode. Never NULL: the last cause is that none is known. */
const struct stop_cause *stop_cause_of(const char *stopped_reason, const char *stop_code)
    __attribute__((warn_unused_result, returns_nonnull));

/* The key of each cause, 0 to STOP_CAUSES - 1, and its number. */
const char *stop_cause_key(size_t i) __attribute__((warn_unused_result));
size_t stop_cause_number(const struct stop_cause *cause) __attribute__((warn_unused_result));

#endif
