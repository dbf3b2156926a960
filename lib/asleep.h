/* An environment that sleeps: what it takes to launch it again exactly as it was. Kept as JSON, in
 * the database, and with state.url as an object that all copies of mirage-ecs know. Pure. */
#ifndef MIRAGE_ASLEEP_H
#define MIRAGE_ASLEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "runner.h"
#include "ulid.h"

#define ASLEEP_TEXT_MAX ((size_t)256 * 1024) /* a larger object is none of ours */

/* Who wakes, where that is no person. */
#define WAKE_VISIT    "a visit"
#define WAKE_SCHEDULE "sleep.wake_at"
#define WAKE_BOTH     "sleep.wake_at and a visit"
#define WAKE_ITSELF   "mirage-ecs" /* completes a wake that was broken off */

/* The ETag of an object that was written, and not listed yet. */
#define ASLEEP_ETAG_UNKNOWN "?"

struct asleep {
    const char *subdomain;
    const char *launch;            /* an id: this launch, and all that are older, sleep */
    int64_t at;                    /* ms; when it was put to sleep */
    const char *by;                /* who did that */
    const char *reason;            /* one sentence: why */
    struct launch_request request; /* what a wake launches: definitions with revision, parameters */
};

/* The text of its object. */
char *asleep_to_json(const struct asleep *asleep, struct arena *a)
    __attribute__((warn_unused_result));

/* Reads the text of the object of this subdomain, and checks all of it: somebody may have edited
 * it. ERR_INVALID says what is wrong; ERR_REFUSED: a newer mirage-ecs has written it. */
int asleep_from_json(const char *subdomain, const char *text, size_t len, struct arena *a,
                     struct asleep *asleep, struct err *e) __attribute__((warn_unused_result));

/* The id of the launch that wakes it: derived from what sleeps and since when, so that all copies
 * come to the same. newest: of one with the newest revisions, which is another one. */
void asleep_wake_id(const struct asleep *asleep, bool newest, char id[ULID_SIZE]);

#endif
