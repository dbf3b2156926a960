/* The life of an environment: launch and terminate, which the API, the pages and purges share.
 * Keeps the runner and the database's view in step. */
#ifndef MIRAGE_ENVIRONMENT_H
#define MIRAGE_ENVIRONMENT_H

#include "arena.h"
#include "config/config.h"
#include "err.h"
#include "runner.h"
#include "store/db.h"

/* What a client asked for, before any check. NULL or "" for what it did not give. */
struct launch_input {
    const char *subdomain;
    const char *const *taskdefs;
    size_t n_taskdefs;
    /* The value given for a configured parameter; NULL when none was. */
    const char *(*value)(void *ctx, const char *parameter);
    void *ctx;
};

/* Checks the input against the configuration, and fills in the parameters' defaults. ERR_INVALID
 * says what to change. */
int environment_check(const struct config *config, const struct launch_input *input,
                      struct arena *a, struct launch_request *request, struct err *e)
    __attribute__((warn_unused_result));

/* A field that environment_check() would refuse: "subdomain", "taskdef" or a parameter's name. */
struct launch_problem {
    const char *field;
    const char *message;
};

/* Everything that is wrong with the input, in the order of the form, which shows each sentence
 * beside its field. Returns how many problems there are; 0 means that environment_check() accepts
 * the input. */
size_t environment_problems(const struct config *config, const struct launch_input *input,
                            struct arena *a, struct launch_problem **problems)
    __attribute__((warn_unused_result));

/* Stops what runs under the subdomain, then launches. ERR_REFUSED names every task definition that
 * failed, why it failed, and what did start. Launches of one subdomain in this process wait for
 * each other. */
int environment_launch(struct db *db, struct runner *r, const struct launch_request *request,
                       struct err *e) __attribute__((warn_unused_result));

/* Stops all tasks of the subdomain, as a person asked. It is no error when nothing runs. */
int environment_terminate(struct db *db, struct runner *r, const char *subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* Stops one task, by short id or ARN, for one of the reasons in task.h. ERR_NOT_FOUND when there is
 * no such task. */
int environment_terminate_task(struct db *db, struct runner *r, const char *id, const char *reason,
                               struct err *e) __attribute__((warn_unused_result));

#endif
