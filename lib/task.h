/* A task, as all parts of the program see it: ECS or this machine reports it, the database keeps
 * it, the API and the pages show it. Strings belong to an arena. */
#ifndef MIRAGE_TASK_H
#define MIRAGE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task_port {
    const char *container;
    int container_port; /* what the `target` of a `listen.http` entry names; 0: every target */
    const char *address;
    int port;     /* where to connect; on ECS it is container_port, locally it may be any */
    bool ready;   /* it accepted a connection; the view keeps this, no runner reports it */
    bool answers; /* launch.health is answered there, or not asked for; the view keeps this too */
    int64_t silent_since; /* ms; it was ready, and accepts no connection since; 0: it does */
};

/* ECS's healthStatus, where an essential container has a health check. */
enum task_health {
    TASK_NO_CHECK,
    TASK_HEALTH_UNKNOWN, /* nothing was said yet */
    TASK_HEALTHY,
    TASK_UNHEALTHY,
};

struct task {
    const char *arn;
    const char *short_id; /* the last part of the ARN */
    const char *subdomain;
    const char *launch;  /* the id of its launch (launch_rule.h); "" when it has none */
    const char *branch;  /* "" when it has none */
    const char *taskdef; /* family:revision */
    const char *ipaddress;
    const char *last_status;    /* ECS's lastStatus: PROVISIONING ... RUNNING ... STOPPED */
    const char *desired_status; /* ECS's desiredStatus: RUNNING or STOPPED */
    const char *env;            /* JSON object: the variables that mirage-ecs set */
    const char *tags;           /* JSON array of {"Key","Value"} */
    const char *stopped_reason; /* "" while it runs */
    const char *stop_code;      /* ECS's stopCode; "" while it runs, or where there is none */
    enum task_health health;
    int64_t created_at; /* ms; when the launch was accepted */
    int64_t started_at; /* ms; 0 before it started */
    int64_t stopped_at; /* ms; 0 while it runs */
    struct task_port *ports;
    size_t n_ports;
    bool ports_unknown; /* in a listing: they could not be found out; those of before hold */
    bool serves;  /* its launch is the one that serves; the view knows this, no runner reports it */
    bool unknown; /* in a listing: there is but its ARN; all that was known holds */
};

struct task_list {
    struct task *items;
    size_t len;
};

#define TASK_SILENT_MS 30000 /* a port that accepts nothing for so long makes it unhealthy */

/* Why mirage-ecs stops a task: the reason that StopTask gets, and that the database and the pages
 * show. */
#define STOP_REQUESTED  "Terminate requested by Mirage"                     /* by a person */
#define STOP_PURGED     "Terminate requested by Mirage: purged as not used" /* by a purge */
#define STOP_RELAUNCHED "Terminate requested by Mirage: launched again"     /* for its successor */
#define STOP_ASLEEP     "Terminate requested by Mirage: put to sleep"
#define STOP_REPLACED   "Terminate requested by Mirage: replaced by a newer launch"
#define STOP_FAILED     "Terminate requested by Mirage: its launch failed" /* ": " and why follow */
#define STOP_WITH_STACK                                                                            \
    "the stack was stopped" /* local tasks end with the stack that runs them                       \
                             */

/* ECS's word for it, "" for TASK_NO_CHECK; and back, where any other word is UNKNOWN. */
const char *task_health_word(enum task_health health) __attribute__((warn_unused_result));
enum task_health task_health_of(const char *word) __attribute__((warn_unused_result));

/* Whether a stopped task ended because it was told to, by mirage-ecs or by somebody else, and not
 * by itself or for a failure. stopped_reason decides. */
bool task_was_told_to_stop(const struct task *t) __attribute__((warn_unused_result));

/* Whether it runs or may still start: it has neither stopped nor been told to stop. */
bool task_is_live(const struct task *t) __attribute__((warn_unused_result));

/* Whether it is RUNNING, all its ports accept connections and answer, and its health check, if it
 * has one, says HEALTHY. */
bool task_is_ready(const struct task *t) __attribute__((warn_unused_result));

/* How many of them belong to the launch of this id. */
size_t task_count_of_launch(const struct task_list *tasks, const char *launch)
    __attribute__((warn_unused_result));

/* What is wrong with a task that was ready once and has been out of order for some time: its health
 * check says UNHEALTHY, or a port of it has not answered for half a minute. "": nothing is. */
const char *task_disorder(const struct task *t, int64_t now_ms) __attribute__((warn_unused_result));

#endif
