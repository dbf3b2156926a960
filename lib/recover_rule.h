/* What is launched again because it stopped without having been told to. Every copy of mirage-ecs
 * comes to the same: when, and under which id. Pure: no I/O, no clock. */
#ifndef MIRAGE_RECOVER_RULE_H
#define MIRAGE_RECOVER_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "launch_rule.h"
#include "task.h"
#include "ulid.h"

#define RECOVER_AN_HOUR  5  /* launches within an hour; then the environment is given up */
#define RECOVER_AHEAD_MS 60 /* the ids of recoveries follow that of what was lost, one a ms */

/* What a task was lost to, by ECS's stopCode. Bits. */
enum recover_kind {
    RECOVER_SPOT = 1,           /* SpotInterruption */
    RECOVER_INFRASTRUCTURE = 2, /* TerminationNotice, InfrastructureHealth, ServiceScheduler… */
    RECOVER_CRASH = 4,          /* EssentialContainerExited */
    RECOVER_START = 8,          /* TaskFailedToStart */
};

struct recovery {
    enum { RECOVER_NOT, RECOVER_LATER, RECOVER_NOW, RECOVER_GIVEN_UP } what;
    int64_t at;         /* ms; when it is due */
    size_t of;          /* index of the launch that lost a task, whose tasks are started again */
    char id[ULID_SIZE]; /* of the new launch: derived from `of`, so that all copies have the same */
    const char *text;   /* one sentence: what was lost; "" with RECOVER_NOT */
};

/* The launch that serves or did, or that was on its way up, is launched again when one of its tasks
 * stopped for one of these kinds and nothing newer is on its way. The pauses before it grow: 0, 1,
 * 5, 15, 30 minutes. `seen` is sorted by id and is of one environment that has not ended. `text`
 * belongs to `a`. */
struct recovery recover_decide(const struct launch_seen *seen, size_t n, unsigned kinds,
                               int64_t now_ms, struct arena *a) __attribute__((warn_unused_result));

#endif
