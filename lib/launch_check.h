/* What a launch asks for, checked: the subdomain, the parameters and the task definitions. Pure. */
#ifndef MIRAGE_LAUNCH_CHECK_H
#define MIRAGE_LAUNCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "config/config.h"
#include "err.h"
#include "runner.h"

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
int launch_check(const struct config *config, const struct launch_input *input, struct arena *a,
                 struct launch_request *request, struct err *e) __attribute__((warn_unused_result));

/* Whether a launch of so many task definitions stops what runs before its own tasks are started
 * (launch.replace): the names of link's records cannot lead to two sets at once. */
bool launch_stops_first(const struct config *config, size_t n_taskdefs)
    __attribute__((warn_unused_result));

/* A field that launch_check() would refuse: "subdomain", "taskdef" or a parameter's name. */
struct launch_problem {
    const char *field;
    const char *message;
};

/* Everything that is wrong with the input, in the order of the form, which shows each sentence
 * beside its field. Returns how many problems there are; 0 means that launch_check() accepts
 * the input. */
size_t launch_problems(const struct config *config, const struct launch_input *input,
                       struct arena *a, struct launch_problem **problems)
    __attribute__((warn_unused_result));

#endif
