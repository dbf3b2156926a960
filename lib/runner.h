/* What can launch, list and stop tasks: Amazon ECS, or this machine in local mode. The API, sync
 * and purge know tasks only through this. Results are allocated from the caller's arena. */
#ifndef MIRAGE_RUNNER_H
#define MIRAGE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "task.h"

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
};

/* What became of one taskdef of a launch. */
struct launch_result {
    const char *taskdef; /* as requested */
    const char *error;   /* NULL: it was taken, and `task` is set */
    struct task task;
};

struct log_query {
    int64_t since_ms; /* 0: from the beginning */
    long tail;        /* the last so many lines; -1: all */
};

struct log_line {
    int64_t time_ms;
    const char *container;
    const char *text;
};

struct log_lines {
    struct log_line *items;
    size_t len;
};

struct trace_event {
    int64_t time_ms;
    const char *what;   /* a few words: "running", "stopped" */
    const char *detail; /* "" or one sentence */
};

struct trace_container {
    const char *name;
    const char *exit_code; /* text; "" while it runs */
    const char *reason;    /* "" when none was given */
};

/* The life of a task. */
struct trace {
    struct task task;
    struct trace_event *events; /* by time */
    size_t n_events;
    struct trace_container *containers;
    size_t n_containers;
};

/* How often the view wants refreshing, in ms. */
struct runner_pace {
    int idle_ms;
    int starting_ms; /* while a task is on its way up */
};

/* The runner that the configuration asks for. Belongs to one thread at a time. (In lib/aws, which
 * lib/ does not know.) */
int runner_open(struct runner **r, const struct config *config, const char *state_dir,
                struct err *e) __attribute__((warn_unused_result));
void runner_close(struct runner *r); /* NULL is fine */

struct runner_pace runner_pace(const struct runner *r) __attribute__((warn_unused_result));

/* Starts one task a taskdef, all at once. results has room for n_taskdefs. 0 when the attempt was
 * made (each result then tells), -1 when none could be. */
int runner_launch(struct runner *r, const struct launch_request *request, struct arena *a,
                  struct launch_result *results, struct err *e) __attribute__((warn_unused_result));

/* A task that the caller's view has. */
struct runner_known {
    const char *arn;
    bool settled; /* it runs, or has stopped: nothing is expected of it */
};

/* Every managed task that runs or stopped lately, and those of `known` that still exist: a fresh
 * task may be missing from a listing for a while. `now`: a listing of a few seconds ago will not
 * do. */
int runner_list(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                struct arena *a, struct task_list *tasks, struct err *e)
    __attribute__((warn_unused_result));

/* Asks a task to stop, for a reason of task.h. Stopping one that stopped already is no error. */
int runner_stop(struct runner *r, const char *arn, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* The output of all containers of these tasks, merged by time, oldest first. */
int runner_logs(struct runner *r, const struct task_list *tasks, const struct log_query *query,
                struct arena *a, struct log_lines *lines, struct err *e)
    __attribute__((warn_unused_result));

/* ERR_NOT_FOUND when there is no such task any more. */
int runner_trace(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                 struct err *e) __attribute__((warn_unused_result));

/* What an implementation fills in; runner.c calls through it. */
struct runner_ops {
    struct runner_pace pace;
    int (*launch)(struct runner *r, const struct launch_request *request, struct arena *a,
                  struct launch_result *results, struct err *e);
    int (*list)(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                struct arena *a, struct task_list *tasks, struct err *e);
    int (*stop)(struct runner *r, const char *arn, const char *reason, struct err *e);
    int (*logs)(struct runner *r, const struct task_list *tasks, const struct log_query *query,
                struct arena *a, struct log_lines *lines, struct err *e);
    int (*trace)(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                 struct err *e);
    void (*close)(struct runner *r);
};

struct runner {
    const struct runner_ops *ops;
};

#endif
