/* What DescribeTasks last said of every task of the cluster, and which tasks have to be described
 * again. With it an idle cluster is watched with ListTasks alone: a task that runs does not change
 * until it vanishes from the listing of tasks that are meant to run. */
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
    bool running;         /* in the last listing of tasks that are meant to run */
    bool stopped;         /* in the last listing of tasks that are meant to be stopped */
};

struct task_cache {
    struct cached_task *items; /* by ARN */
    size_t len, cap;
};

void task_cache_free(struct task_cache *c);

/* Whether the text of a task is kept. */
bool task_cache_has(const struct task_cache *c, const char *arn)
    __attribute__((warn_unused_result));

/* Takes a complete listing of the tasks that are meant to run and, unless NULL, of those that are
 * meant to be stopped. A task in neither is forgotten when it is not ours, or stopped over an hour
 * ago. */
void task_cache_listed(struct task_cache *c, const struct ecs_arns *running,
                       const struct ecs_arns *stopped, int64_t now_ms);

/* Appends the ARNs of the tasks to describe now: those that were never described, are on their way
 * up or down, or vanished from the listing of tasks that are meant to run; and of `known`, those
 * that the cache does not have and those that are not settled for the caller. */
void task_cache_wanted(const struct task_cache *c, const struct runner_known *known, size_t n_known,
                       struct arena *a, struct ecs_arns *wanted);

/* Appends up to n ARNs, those first that were described the longest time ago, because anybody can
 * change tags. */
void task_cache_oldest(const struct task_cache *c, size_t n, struct arena *a,
                       struct ecs_arns *wanted);

/* Takes what DescribeTasks answered to `asked`: a task that is not in `tasks` does not exist any
 * more. The text of a task is kept if is_ours() says so. */
void task_cache_described(struct task_cache *c, const struct ecs_arns *asked, const json_t *tasks,
                          bool (*is_ours)(const json_t *task), int64_t now_ms);

#endif
