/* What a purge would do now: the tasks, their counts, and the decisions of purge_decide().
 * mirage-purge, mirage-sync and the page's preview share it. */
#ifndef MIRAGE_PURGE_PLAN_H
#define MIRAGE_PURGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "access_counts.h"
#include "arena.h"
#include "err.h"
#include "purge_decision.h"
#include "runner.h"
#include "store/db.h"
#include "task.h"

/* Where it looks. */
struct purge_view {
    struct metric_source source; /* of counts; none: local tasks, whose counts are in db */
    struct db *db;         /* the tasks, and what is not reported yet; NULL: the runner is asked */
    struct runner *runner; /* not used with a db */
    bool used_here_is_enough; /* what this machine has counted is not asked about */
    int64_t max_age_s;        /* for purge_decide(), where it terminates */
};

struct purge_plan {
    struct task_list tasks; /* live ones, by subdomain */
    struct purge_decision *decisions;
    size_t n;
    const char *warning; /* why some counts are not known; NULL: nothing failed */
    int64_t decided_at;  /* ms */
};

/* Reads and decides. Stops nothing and writes nothing. */
int purge_plan(const struct purge_view *view, const struct purge_rules *rules, struct arena *a,
               struct purge_plan *plan, struct err *e) __attribute__((warn_unused_result));

#endif
