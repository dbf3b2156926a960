/* What becomes of the launches of an environment: which one serves, and which are drained, stopped
 * or failed. Every copy of mirage-ecs applies the same rule to what it sees. Pure: no I/O, no
 * clock. */
#ifndef MIRAGE_LAUNCH_RULE_H
#define MIRAGE_LAUNCH_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "task.h"

enum launch_state {
    LAUNCH_STARTING,
    LAUNCH_READY,
    LAUNCH_DRAINING, /* it has been replaced; what is in flight may finish */
    LAUNCH_FAILED,
    LAUNCH_STOPPED,
};

/* One launch, as it is remembered. */
struct launch {
    const char *id; /* a ULID; "": the tasks without an id, which are older than any with one */
    const char *subdomain;
    int64_t at;          /* ms; when it was asked for */
    const char *by;      /* who asked; "": not known here */
    const char *request; /* launch_to_json(); "": not known here */
    const char *reason;  /* why it failed or stopped; "" */
    enum launch_state state;
    int64_t ready_at; /* ms; when it was first seen ready; 0: never */
    int64_t stale_at; /* ms; when it was replaced; 0: it was not */
    size_t n_wanted;  /* tasks that belong to it; 0: not known */
    bool dismissed;   /* it failed, and somebody has read that */
};

/* One launch with its tasks: all that are known, stopped ones too. */
struct launch_seen {
    const struct launch *launch;
    const struct task *tasks;
    size_t n_tasks;
};

struct launch_rules {
    int64_t drain_ms;         /* launch.drain */
    int64_t ready_timeout_ms; /* launch.ready_timeout */
};

/* What is to be done with the live tasks of a launch, and how it is remembered from now on. */
struct launch_verdict {
    bool stop;
    const char *stop_reason; /* for StopTask; with `stop` */
    enum launch_state state;
    int64_t ready_at, stale_at;
    const char *reason; /* one sentence; "" where there is nothing to say */
};

#define LAUNCH_NONE     SIZE_MAX
#define LAUNCH_GRACE_MS 60000 /* for the tasks of a new launch to be seen */

/* Whether a launch that is STARTING may still be begun by whoever has written it down: for a
 * minute. One that lies ahead comes of a clock that was wrong. */
static inline bool launch_is_fresh(const struct launch *l, int64_t now_ms)
{
    return l->at > now_ms - LAUNCH_GRACE_MS && l->at <= now_ms + LAUNCH_GRACE_MS;
}

/* The newest launch that has become ready serves; older ones are drained, then stopped; a newer one
 * that failed is stopped, and the one that serves goes on. `seen` is sorted by id; `serving` is the
 * id of the launch that has served until now, NULL when none has. Fills in n verdicts. Returns
 * which launch serves: its tasks get the requests. LAUNCH_NONE: no launch has a live task. */
size_t launch_decide(const struct launch_seen *seen, size_t n, const char *serving,
                     const struct launch_rules *rules, int64_t now_ms, struct arena *a,
                     struct launch_verdict *verdicts) __attribute__((warn_unused_result));

const char *launch_state_word(enum launch_state state) __attribute__((warn_unused_result));

#endif
