/* Environments as the list shows them: the tasks under one subdomain together, how they are, and
 * how they were used lately. */
#ifndef MIRAGE_VIEW_ENVIRONMENT_H
#define MIRAGE_VIEW_ENVIRONMENT_H

#include <stddef.h>

#include <jansson.h>

#include "store/store_access.h"
#include "store/store_environment.h"
#include "task.h"

#include "view.h"

struct call;

/* What is known of all of them. Each list is sorted by subdomain; the tasks are live ones. */
struct environment_facts {
    struct environment *environments; /* live ones */
    size_t n_environments;
    struct task_list tasks;
    struct access_minute *minutes; /* of the last hour */
    size_t n_minutes;
};

/* How the tasks of one environment are, together: as the one that is least far. One that has no
 * task yet is being provisioned. */
enum view_state view_environment_state(const struct task *tasks, size_t n)
    __attribute__((warn_unused_result));

/* All of them, by subdomain; numbers in it count as numbers. */
json_t *view_environments(struct call *c, const struct environment_facts *facts)
    __attribute__((warn_unused_result));

#endif
