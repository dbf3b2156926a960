/* What mirage-ecs counts about itself, for listen.metrics: figures in memory that all programs of a
 * stack share (STATE/run/metrics), so that one of them, mirage-proxyd, can show them all. They
 * outlive a program that dies; mirage-ecs begins them anew.
 *
 * Counting is one atomic addition, and is done whether somebody looks or not. What mirage-proxyd
 * counts for each request is not here: see proxyd/tally.h. docs/METRICS.md says what each is. */
#ifndef MIRAGE_METRICS_H
#define MIRAGE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "stop_cause.h"

typedef _Atomic uint64_t metric;

/* How a call of AWS ended. */
enum metric_call {
    METRIC_CALL_OK,
    METRIC_CALL_THROTTLED,
    METRIC_CALL_DENIED,
    METRIC_CALL_REFUSED, /* any other answer that is no success */
    METRIC_CALL_FAILED,  /* no answer in time, or none at all */
    METRIC_CALLS,
};

/* Who puts to sleep, or wakes. */
enum metric_by {
    METRIC_BY_PERSON,
    METRIC_BY_VISIT,
    METRIC_BY_IDLENESS,
    METRIC_BY_PURGE,
    METRIC_BY_SCHEDULE,
    METRIC_BY_LIMIT,
    METRIC_BY_ITSELF, /* completes what was broken off */
    METRIC_BYS,
};

/* In seconds: upper bounds of how long launches take. */
#define METRIC_START_BOUNDS                                                                        \
    {                                                                                              \
        5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600                                              \
    }
#define METRIC_START_BUCKETS 12 /* and those beyond */
#define METRIC_TASKDEFS      64 /* then all others are one */
#define METRIC_OPERATIONS    32
#define METRIC_NAME          64

/* A name that is given when it is first needed, and stays. */
struct metric_label {
    _Atomic uint32_t state;
    char name[METRIC_NAME]; /* see metric_label_name() */
};

struct metric_starts {
    struct metric_label taskdef;
    metric buckets[METRIC_START_BUCKETS], ms; /* of this bound, and of none before it; their sum */
};

struct metric_operation {
    struct metric_label operation;
    metric calls[METRIC_CALLS];
};

/* A program of the stack, as mirage-ecs sees it. */
enum metric_program {
    METRIC_PROXYD,
    METRIC_WEB,
    METRIC_API,
    METRIC_SYNC,
    METRIC_PROGRAMS,
};

struct metric_process {
    metric started_at; /* ms since 1970; 0: it does not run */
    metric memory, cpu_ms, starts;
};

enum metric_environment {
    METRIC_READY,
    METRIC_STARTING,
    METRIC_ASLEEP,
    METRIC_ENVIRONMENTS,
};

struct metrics {
    metric sync_succeeded_at; /* ms since 1970; 0: it has not yet */
    metric sync_failures;
    metric environments[METRIC_ENVIRONMENTS];
    metric counts_unreported;
    metric launches, launches_ready;
    metric launches_failed[STOP_CAUSES];
    metric sleeps[METRIC_BYS], wakes[METRIC_BYS], wakes_refused;
    metric purges, purges_failed, purged;
    struct metric_starts starts[METRIC_TASKDEFS];
    struct metric_operation operations[METRIC_OPERATIONS];
    struct metric_process processes[METRIC_PROGRAMS];
};

/* This process's view. Before metrics_join() it is its own. Never NULL. */
extern struct metrics *metrics;

/* Makes the file anew. For mirage-ecs. */
int metrics_make(const char *state_folder, struct err *e) __attribute__((warn_unused_result));

/* Shares the file of this state folder. Where there is none (a program that runs alone), or it is
 * another version's, the process keeps its own. */
void metrics_join(const char *state_folder);

static inline void metric_add(metric *m, uint64_t n)
{
    atomic_fetch_add_explicit(m, n, memory_order_relaxed);
}

static inline void metric_set(metric *m, uint64_t value)
{
    atomic_store_explicit(m, value, memory_order_relaxed);
}

static inline uint64_t metric_get(const metric *m)
{
    return atomic_load_explicit((metric *)(uintptr_t)m, memory_order_relaxed);
}

/* "": it has none yet. */
const char *metric_label_name(const struct metric_label *label) __attribute__((warn_unused_result));

/* A launch of this task definition became ready after so long. */
void metrics_started(const char *taskdef, int64_t ms);

/* A launch failed, for this reason. */
void metrics_failed(const char *reason);

/* A call of this operation ("ECS RunTask") has ended. */
void metrics_called(const char *operation, enum metric_call how);

/* Whom the text that says who put to sleep, or woke, means. */
enum metric_by metrics_by(const char *by) __attribute__((warn_unused_result));

#endif
