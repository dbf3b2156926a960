/* Which environments nobody has used for a while: the rules, and the decision. */
#ifndef MIRAGE_PURGE_DECISION_H
#define MIRAGE_PURGE_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "task.h"

#define PURGE_DURATION_MIN  300     /* seconds */
#define PURGE_SETTLE_MAX_MS 3600000 /* the longest time between the two looks of a purge */

/* What was asked for, before any check */
struct purge_input {
    const char *duration; /* seconds, as text; NULL: not given */
    const char *const *excludes;
    size_t n_excludes;
    const char *const *exclude_tags; /* Key:Value */
    size_t n_exclude_tags;
    const char *exclude_regexp; /* NULL or "": none */
    const char *action;         /* "terminate" (also NULL and ""), or "sleep" */
};

struct purge_rules {
    int64_t duration_s;
    const char *const *excludes;
    size_t n_excludes;
    const char *const *tags; /* Key:Value; a colon may be in either */
    size_t n_tags;
    const char *regexp; /* "" for none */
    struct regex *compiled;
    bool sleep;        /* what is stopped sleeps; else it is terminated */
    int64_t max_age_s; /* what has run for longer is stopped, used or not; 0: nothing is */
};

/* The accesses to one subdomain within the duration. */
struct purge_count {
    const char *subdomain;
    const char *unknown; /* why the number may be too low; NULL: it is not */
    int64_t accesses;
};

struct purge_decision {
    const char *subdomain;
    bool stop;
    bool aged;          /* it is stopped whether it is used or not */
    const char *reason; /* one sentence */
};

/* Checks the input. The rules point to its texts. ERR_INVALID says what to change. */
int purge_rules_check(const struct purge_input *input, struct purge_rules *rules, struct err *e)
    __attribute__((warn_unused_result));
void purge_rules_free(struct purge_rules *rules);

/* The input as the JSON object that /api/purge takes, and back. */
char *purge_input_to_json(const struct purge_input *input, struct arena *a)
    __attribute__((warn_unused_result));
int purge_input_from_json(const char *text, struct arena *a, struct purge_input *input,
                          struct err *e) __attribute__((warn_unused_result));

/* One decision for each subdomain, in the order of the tasks, which are live and sorted by
 * subdomain. A subdomain is stopped when each of its tasks has been up for longer than the
 * duration, no rule excludes it, and its count is known to be zero; or when it is older than
 * max_age_s, and no rule excludes it. Pure: no I/O, no clock. */
size_t purge_decide(const struct task_list *tasks, const struct purge_count *counts,
                    size_t n_counts, const struct purge_rules *rules, int64_t now_ms,
                    struct arena *a, struct purge_decision **decisions)
    __attribute__((warn_unused_result));

#endif
