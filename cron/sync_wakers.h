/* The threads that wake: each launches one environment after the other. There are a few, so that
 * one for which ECS takes long does not hold up all. */
#ifndef MIRAGE_CRON_SYNC_WAKERS_H
#define MIRAGE_CRON_SYNC_WAKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "store/db.h"

#include "job.h"

#define WAKERS 4

struct waker {
    struct job job;
    struct wakers *all;
    char *subdomain; /* which it wakes; NULL: it is idle */
    bool is_visit;   /* a visit wants that */
};

struct wakers {
    pthread_mutex_t lock; /* of `ending`, and of what each one wakes */
    pthread_cond_t given;
    bool ending;
    pthread_mutex_t room; /* with limit.awake they go one by one, for each counts the others */
    struct waker each[WAKERS];
};

#define WAKERS_INIT                                                                                \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER,                      \
        .room = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/* Starts them, with the configuration of the job `like`. wakers_end() is due also when it fails. */
int wakers_start(struct wakers *all, const struct job *like, struct err *e)
    __attribute__((warn_unused_result));

/* Waits for what they are at, and ends them. */
void wakers_end(struct wakers *all);

/* What they are at. */
struct wakers_glance {
    struct waker *idle; /* one of them; NULL: there is none */
    bool has_it;        /* one wakes this subdomain */
    int visits;         /* how many wake for a visit */
};

struct wakers_glance wakers_glance(struct wakers *all, const char *subdomain)
    __attribute__((warn_unused_result));

/* Has this subdomain, which sleeps and is wanted, woken by one that is idle. */
void wakers_give(struct wakers *all, struct waker *idle, const char *subdomain, bool is_visit);

/* It is not tried now: not before `ms` have passed and somebody wants it again. That is no failure:
 * the pauses after those stay as they are. */
int wakers_put_off(struct db *db, const char *subdomain, int64_t ms, const char *why, struct err *e)
    __attribute__((warn_unused_result));

#endif
