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
    const char *request;   /* JSON: the launch as it was asked for; "" when only seen on ECS */
};

/* Makes the environment live, with this launch time and request. An earlier life is overwritten. */
int store_environment_launch(struct db *db, const struct environment *env, struct err *e)
    __attribute__((warn_unused_result));

/* Makes the live environments agree with the live tasks in the view: one for each subdomain,
 * launched when its earliest live task was created. Returns how many rows changed, or -1. */
int store_environment_follow_tasks(struct db *db, struct err *e)
    __attribute__((warn_unused_result));

/* Ends the environment, if it is live. */
int store_environment_end(struct db *db, const char *subdomain, int64_t ended_at, struct err *e)
    __attribute__((warn_unused_result));

/* Ends the environments without a live task: those whose tasks have all ended, and those that were
 * launched before `before` (ms) and never got one. Returns how many, or -1. */
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
