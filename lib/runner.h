/* What can launch, list and stop tasks: Amazon ECS, or this machine in local mode. The API,
 * mirage-sync and purges reach tasks only through this interface. Results are allocated from the
 * caller's arena. */
#ifndef MIRAGE_RUNNER_H
#define MIRAGE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "limit.h"
#include "task.h"

struct asleep;
struct config;
struct runner;

struct launch_param {
    const char *name;
    const char *env;
    const char *value;
};

struct launch_request {
    const char *subdomain; /* lower case, a valid pattern */
    const char *const *taskdefs;
    size_t n_taskdefs; /* at least 1 */
    const struct launch_param *params;
    size_t n_params;
    bool stop_first;    /* what runs is stopped before, not when this has become ready */
    const char *by;     /* who asks; "" */
    const char *launch; /* its id; NULL: it gets a new one */
};

/* The result for one task definition of a launch. */
struct launch_result {
    const char *taskdef; /* as requested */
    const char *error;   /* NULL: the task was started, and `task` is set */
    struct task task;
};

struct log_query {
    int64_t since_ms; /* 0: from the beginning */
    long tail;        /* how many of the last lines; -1: all */
};

struct log_line {
    int64_t time_ms;
    const char *container;
    const char *text;
};

struct log_lines {
    struct log_line *items;
    size_t len;
    const char **notes; /* what is missing and why: "CONTAINER: sentence" */
    size_t n_notes;
};

struct trace_event {
    int64_t time_ms;
    const char *what;   /* a few words: "running", "stopped" */
    const char *detail; /* "" or one sentence */
};

struct trace_container {
    const char *name;
    const char *exit_code;            /* text; "" while it runs */
    const char *reason;               /* "" when none was given */
    const char *last_status, *health; /* as ECS has them; NULL or "": not known */
};

/* The life of a task. */
struct trace {
    struct task task;
    struct trace_event *events; /* by time */
    size_t n_events;
    struct trace_container *containers;
    size_t n_containers;
    const char *stop_code, *stopped_reason; /* as ECS has them; NULL or "": none */
};

/* Opens the runner that the configuration names. A runner belongs to one thread at a time. (The
 * function is in lib/aws, which lib/ does not know.) */
int runner_open(struct runner **r, const struct config *config, const char *state_dir,
                struct err *e) __attribute__((warn_unused_result));
void runner_close(struct runner *r); /* NULL is fine */

/* How long everything that follows may take together, until the next runner_limit(). NULL: no
 * limit. It stays the caller's. */
void runner_limit(struct runner *r, const struct limit *limit);

/* What a launch comes to, once it is checked: for each task definition of the request the very
 * revision. */
struct launch_plan {
    const char **definitions; /* NULL: the runner needs none */
};

/* Looks at all that a launch needs, and refuses here what can be refused before anything that runs
 * is touched: ERR_INVALID when the caller can change it, with what to change. */
int runner_prepare(struct runner *r, const struct launch_request *request, struct arena *a,
                   struct launch_plan *plan, struct err *e) __attribute__((warn_unused_result));

/* Starts one task for each task definition, all at once, by the plan that was just made of the
 * request. `results` has room for n_taskdefs. 0 when the launch was tried (each result then says
 * what came of it), -1 when it could not be tried. */
int runner_launch(struct runner *r, const struct launch_request *request,
                  const struct launch_plan *plan, struct arena *a, struct launch_result *results,
                  struct err *e) __attribute__((warn_unused_result));

/* A task in the caller's view. */
struct runner_known {
    const char *arn;
    bool settled; /* it runs or has stopped: no change of its state is expected */
};

/* Lists every managed task that runs or stopped lately. Tasks of `known` that still exist are
 * listed too, because a listing may not have a new task yet. A task that cannot be looked at now
 * does not fail the others: it is `unknown`, or its ports are. `now`: a listing that is a few
 * seconds old is not good enough. */
int runner_list(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                struct arena *a, struct task_list *tasks, struct err *e)
    __attribute__((warn_unused_result));

/* Asks a task to stop, for one of the reasons in task.h. It is no error when the task has stopped
 * already. */
int runner_stop(struct runner *r, const char *arn, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* The output of all containers of these tasks, merged by time, oldest first. What cannot be read
 * stands in the notes; -1 when nothing can. */
int runner_logs(struct runner *r, const struct task_list *tasks, const struct log_query *query,
                struct arena *a, struct log_lines *lines, struct err *e)
    __attribute__((warn_unused_result));

/* ERR_NOT_FOUND when the task does not exist any more. */
int runner_trace(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                 struct err *e) __attribute__((warn_unused_result));

/* What is kept, for all copies of mirage-ecs to know, of an environment that sleeps. */
struct runner_kept {
    const char *subdomain;
    const char *etag; /* another one when it was written anew */
};

struct runner_kept_list {
    struct runner_kept *items;
    size_t len;
};

/* Whether this runner keeps what sleeps (state.url). Without it only this machine's database knows.
 */
bool runner_keeps(const struct runner *r) __attribute__((warn_unused_result));

/* Keeps what is needed to wake it; what is kept of an older launch is replaced. 0 also when the
 * same, or a newer launch's, is kept already. */
int runner_keep(struct runner *r, const struct asleep *asleep, struct err *e)
    __attribute__((warn_unused_result));

/* All that is kept. */
int runner_kept_list(struct runner *r, struct arena *a, struct runner_kept_list *list,
                     struct err *e) __attribute__((warn_unused_result));

/* What is kept of this environment: 1; 0 when nothing is; or -1. ERR_INVALID when it cannot be
 * understood. */
int runner_kept_get(struct runner *r, const char *subdomain, struct arena *a, struct asleep *asleep,
                    struct err *e) __attribute__((warn_unused_result));

/* Forgets what is kept of it, unless that is of a launch newer than this one. It is no error when
 * nothing is kept. */
int runner_forget(struct runner *r, const char *subdomain, const char *launch, struct err *e)
    __attribute__((warn_unused_result));

/* What an implementation provides; runner.c calls through it. */
struct runner_ops {
    int (*prepare)(struct runner *r, const struct launch_request *request, struct arena *a,
                   struct launch_plan *plan, struct err *e); /* NULL: nothing can be said before */
    int (*launch)(struct runner *r, const struct launch_request *request,
                  const struct launch_plan *plan, struct arena *a, struct launch_result *results,
                  struct err *e);
    int (*list)(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                struct arena *a, struct task_list *tasks, struct err *e);
    int (*stop)(struct runner *r, const char *arn, const char *reason, struct err *e);
    int (*logs)(struct runner *r, const struct task_list *tasks, const struct log_query *query,
                struct arena *a, struct log_lines *lines, struct err *e);
    int (*trace)(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                 struct err *e);
    int (*keep)(struct runner *r, const struct asleep *asleep,
                struct err *e); /* NULL: none of the
                                   next three either */
    int (*kept_list)(struct runner *r, struct arena *a, struct runner_kept_list *list,
                     struct err *e);
    int (*kept_get)(struct runner *r, const char *subdomain, struct arena *a, struct asleep *asleep,
                    struct err *e);
    int (*forget)(struct runner *r, const char *subdomain, const char *launch, struct err *e);
    void (*limit)(struct runner *r); /* runner.limit has changed; NULL: it does not matter */
    void (*close)(struct runner *r);
};

struct runner {
    const struct runner_ops *ops;
    const struct limit *limit; /* NULL: none */
};

#endif
