/* How far an environment has come that a visitor waits for. Pure: waiting_read() gives the facts.
 */
#ifndef MIRAGE_WAITING_H
#define MIRAGE_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "launch_rule.h"
#include "start_time.h"
#include "stop_cause.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "task.h"

enum waiting_state {
    WAITING_STARTING,
    WAITING_WAKING, /* it was asleep; mirage-sync may not know yet that somebody came */
    WAITING_ASLEEP, /* and a visit does not wake it */
    WAITING_FAILED, /* its launch, or the attempt to wake it */
    WAITING_LOST,   /* it was ready, and has lost its tasks */
    WAITING_READY,  /* the next request reaches it */
    WAITING_STATES,
};

/* In the order lived: what comes next. */
enum waiting_step {
    STEP_PROVISIONING, /* ECS looks for a place, and for an address */
    STEP_PULLING,      /* ECS's PENDING: the image is pulled */
    STEP_STARTING,     /* its containers start */
    STEP_PORT,         /* a port that requests go to accepts connections */
    STEP_HEALTH,       /* its health check, or launch.health, is answered */
    STEP_READY,
    STEPS,
};

/* What is known of an environment. */
struct waiting_facts {
    int64_t now;           /* ms; when that was */
    bool wakes;            /* the visit wakes what sleeps */
    const char *subdomain; /* as the visitor has it; the environment's may be a pattern */
    struct environment environment;
    bool sleeps;
    struct asleep_row asleep;    /* where it sleeps */
    const struct launch *newest; /* of those that may be awake; NULL: there is none */
    const struct task *tasks;    /* of that launch */
    size_t n_tasks;
    bool knows_usual;
    struct start_usual usual; /* how long its slowest task definition takes */
};

struct waiting {
    enum waiting_state state;
    enum waiting_step step;         /* while it is on its way: STARTING, WAKING, READY */
    int64_t since;                  /* ms; when the start, or the sleep, began; 0: not known */
    int port;                       /* STEP_PORT: which; 0: not known */
    bool has_health;                /* there is a health check to pass */
    const struct stop_cause *cause; /* FAILED, LOST: why; NULL: nothing is known */
    const char *reason;             /* the same as ECS has it: names images and roles; "" */
    bool by_a_visit;                /* FAILED: it sleeps on, and a later visit tries again */
    int64_t again_at;               /* ms; when it is launched again by itself; 0: never */
};

/* The answer changes with the facts only. */
struct waiting waiting_of(const struct config *config, const struct waiting_facts *facts)
    __attribute__((warn_unused_result));

/* Words for programs: "starting"; "provisioning". */
const char *waiting_state_word(enum waiting_state state) __attribute__((warn_unused_result));
const char *waiting_step_word(enum waiting_step step) __attribute__((warn_unused_result));

/* Whether it goes on by itself, so that it is worth waiting. */
bool waiting_goes_on(const struct waiting *w) __attribute__((warn_unused_result));

#endif
