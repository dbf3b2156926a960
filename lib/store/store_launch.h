/* The table `launch`: the launches of each environment, and what became of them. */
#ifndef MIRAGE_STORE_LAUNCH_H
#define MIRAGE_STORE_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "launch_rule.h"

#include "db.h"

struct launch_list {
    struct launch *items; /* by subdomain, then id: oldest first */
    size_t len;
};

/* The launches of all environments, or of one (NULL: all). */
int store_launch_list(struct db *db, const char *subdomain, struct arena *a,
                      struct launch_list *list, struct err *e) __attribute__((warn_unused_result));

/* 1 and *launch for an id that is not ""; 0 when there is none; or -1. */
int store_launch_get(struct db *db, const char *id, struct arena *a, struct launch *launch,
                     struct err *e) __attribute__((warn_unused_result));

/* The request of this launch of the subdomain; without one (NULL, or not known) of the launch that
 * serves, else the newest: 1 and *request, 0 when there is none or it is not known here, or -1. */
int store_launch_request(struct db *db, const char *subdomain, const char *launch, struct arena *a,
                         const char **request, struct err *e) __attribute__((warn_unused_result));

/* How many launches this one asked for since `since` (ms), or -1. */
int64_t store_launch_count(struct db *db, const char *by, int64_t since, struct err *e)
    __attribute__((warn_unused_result));

/* Writes the launch, where it differs. What is not known of it ('', 0) keeps what was known. */
int store_launch_put(struct db *db, const struct launch *launch, struct err *e)
    __attribute__((warn_unused_result));

/* Somebody has read that this launch has failed: it is shown no more. 1; 0 when there is no such
 * launch, or it has not failed; -1. */
int store_launch_dismiss(struct db *db, const char *subdomain, const char *id, struct err *e)
    __attribute__((warn_unused_result));

/* Adds a launch for the tasks in the view that have none, as their tags say. Returns how many, or
 * -1. */
int store_launch_follow_tasks(struct db *db, struct err *e) __attribute__((warn_unused_result));

/* Forgets the launches without a task, of environments that ended before `before` (ms), and all but
 * the newest of those that have failed or stopped. */
int store_launch_forget(struct db *db, int64_t before, struct err *e)
    __attribute__((warn_unused_result));

#endif
