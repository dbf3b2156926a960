/* The table `environment`: what was launched under which subdomain. */
#ifndef MIRAGE_STORE_ENVIRONMENT_H
#define MIRAGE_STORE_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

#include "db.h"

struct environment {
    const char *subdomain; /* a pattern, lower case */
    int64_t launched_at;   /* ms; among matching patterns the earliest wins */
    int64_t ended_at;      /* ms; 0 while it is live */
    const char *serving;   /* the id of the launch whose tasks get the requests */
    int64_t recover_at;    /* ms; when it is launched again, for it has lost a task; 0: never */
    const char *trouble;   /* one sentence: what it has lost; "" */
    const char *over;      /* an id: the launches up to it were terminated; "" */
    bool asleep;           /* it is in the table `asleep` */
};

/* Makes the environment live. Where it is not, `at` (ms) is its launch time; where nothing of it
 * serves any more, this launch does from now on. ERR_REFUSED when the launch is one of those that
 * store_environment_terminate() has ended. */
int store_environment_launch(struct db *db, const char *subdomain, int64_t at, const char *launch,
                             struct err *e) __attribute__((warn_unused_result));

/* The tasks of this launch get the requests from now on. */
int store_environment_serve(struct db *db, const char *subdomain, const char *launch, struct err *e)
    __attribute__((warn_unused_result));

/* It has lost a task, or (0, "") all is well again. Until it is launched again it does not end. */
int store_environment_trouble(struct db *db, const char *subdomain, int64_t recover_at,
                              const char *trouble, struct err *e)
    __attribute__((warn_unused_result));

/* Makes the live environments agree with the live tasks in the view, apart from those of launches
 * that are over: one for each subdomain, launched when its earliest live task was created. Returns
 * how many rows changed, or -1. */
int store_environment_follow_tasks(struct db *db, struct err *e)
    __attribute__((warn_unused_result));

/* Ends the environment, if it is live, and for good all its launches up to the id `over`: what
 * comes of them later is no part of it. */
int store_environment_terminate(struct db *db, const char *subdomain, int64_t ended_at,
                                const char *over, struct err *e)
    __attribute__((warn_unused_result));

/* Ends the environment, if it is live and does not sleep. */
int store_environment_end(struct db *db, const char *subdomain, int64_t ended_at, struct err *e)
    __attribute__((warn_unused_result));

/* Ends the environments without a live task, unless they sleep, or a launch of theirs that was
 * asked for since `before` (ms) is still starting, or another copy may have put them to sleep
 * since then, which is known here within seconds. Returns how many, or -1. */
int store_environment_end_empty(struct db *db, int64_t before, int64_t ended_at, struct err *e)
    __attribute__((warn_unused_result));

/* 1 and *env when the subdomain is known, live or ended; 0 when not; -1. */
int store_environment_get(struct db *db, const char *subdomain, struct arena *a,
                          struct environment *env, struct err *e)
    __attribute__((warn_unused_result));

/* The live environments, sorted by subdomain. */
int store_environment_list(struct db *db, struct arena *a, struct environment **envs, size_t *len,
                           struct err *e) __attribute__((warn_unused_result));

#endif
