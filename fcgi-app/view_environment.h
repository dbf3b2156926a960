/* Environments as the list shows them: the tasks under one subdomain together, their state, and how
 * much they were used lately. */
#ifndef MIRAGE_VIEW_ENVIRONMENT_H
#define MIRAGE_VIEW_ENVIRONMENT_H

#include <stddef.h>

#include <jansson.h>

#include "store/store_access.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "task.h"

#include "view_state.h"

struct call;

/* What is known of all environments. Each list is sorted by subdomain. The tasks are live ones. */
struct environment_facts {
    struct environment *environments; /* live ones */
    size_t n_environments;
    struct task_list tasks;
    struct launch_list launches;
    struct asleep_row *asleep;
    size_t n_asleep;
    struct access_minute *minutes; /* of the last hour */
    size_t n_minutes;
};

/* The state of an environment with these live tasks, which may be of one launch: that of its task
 * that has got the least far. One without a task sleeps, is lost, where it has lost what it
 * had, or is being provisioned. `environment` may be NULL. */
enum view_state view_environment_state(const struct config *config,
                                       const struct environment *environment,
                                       const struct task *tasks, size_t n)
    __attribute__((warn_unused_result));

/* What keeps an environment with these tasks from being as it should; "". */
const char *view_trouble(const struct environment *environment, const struct task *tasks, size_t n,
                         struct arena *a) __attribute__((warn_unused_result));

/* The newest launch, where it is on its way up beside the one that serves, or has failed to and
 * nobody has dismissed that; NULL. */
const struct launch *view_replacement(const struct launch *newest,
                                      const struct environment *environment)
    __attribute__((warn_unused_result));

/* The task definitions that were asked for, "web, db"; where that is not known, those of its tasks.
 */
const char *view_taskdefs(const struct launch *l, const struct task *tasks, size_t n,
                          struct arena *a) __attribute__((warn_unused_result));

/* All environments, sorted by subdomain; numbers in it sort by their value. */
json_t *view_environments(struct call *c, const struct environment_facts *facts)
    __attribute__((warn_unused_result));

#endif
