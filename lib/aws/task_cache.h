/* What DescribeTasks last said of every task of the cluster, and which of them are to be asked
 * about again. It is what lets an idle cluster be watched with ListTasks alone: a task that runs
 * does not change until it vanishes from the listing of those that are meant to run. */
#ifndef MIRAGE_AWS_TASK_CACHE_H
#define MIRAGE_AWS_TASK_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "arena.h"
#include "runner.h"

#include "ecs.h"

struct cached_task {
    char *arn;
    json_t *task;         /* NULL: never described, or not ours */
    int64_t described_at; /* ms; 0: never */
    bool running;         /* in the last listing of those that are meant to run */
    bool stopped;         /* in the last listing of those that are not */
};

struct task_cache {
    struct cached_task *items; /* by ARN */
    size_t len, cap;
};

void task_cache_free(struct task_cache *c);

/* A complete listing of what is meant to run; and, unless NULL, of what is meant to be stopped.
 * What is in neither is forgotten when it is not ours, or has stopped over an hour ago. */
void task_cache_listed(struct task_cache *c, const struct ecs_arns *running,
                       const struct ecs_arns *stopped, int64_t now_ms);

/* Appends the ARNs to describe now: what was never described, is on its way up or down, or vanished
 * from the listing of what is meant to run; of `known`, what the cache has not, and what the caller
 * holds for unsettled. */
void task_cache_wanted(const struct task_cache *c, const struct runner_known *known, size_t n_known,
                       struct arena *a, struct ecs_arns *wanted);

/* Appends up to n ARNs of which the last word is oldest: tags can be changed by anybody. */
void task_cache_oldest(const struct task_cache *c, size_t n, struct arena *a,
                       struct ecs_arns *wanted);

/* What DescribeTasks answered to `asked`: what is not in `tasks` is gone. is_ours() tells of which
 * the text is kept. */
void task_cache_described(struct task_cache *c, const struct ecs_arns *asked, const json_t *tasks,
                          bool (*is_ours)(const json_t *task), int64_t now_ms);

#endif
