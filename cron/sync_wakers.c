#include "sync_wakers.h"

#include <stdlib.h>
#include <string.h>

#include "aws/cloudwatch.h"
#include "awake_room.h"
#include "clock.h"
#include "container_of.h"
#include "log.h"
#include "metrics.h"
#include "sleep.h"
#include "store/store_asleep.h"

#include "purge_run.h"

#define ROOM_PAUSE_MS 10000 /* limit.awake refuses */

/* After so many tries in a row, so long (s) until the next one that a visit can cause. */
static const int pauses[] = {10, 60, 300, 900, ASLEEP_PAUSE_MAX_MS / 1000};

static int64_t pause_ms(int tries)
{
    const int n = sizeof pauses / sizeof pauses[0];

    return (int64_t)pauses[tries < n ? tries : n - 1] * 1000;
}

static int make_room(struct purger *p, const char *subdomain, struct err *e)
{
    const struct purge_view view = {
        .source = cloudwatch_source(p->aws), .db = p->db, .used_here_is_enough = true};

    return awake_room_make(&view, p->runner, p->config, subdomain, e);
}

int wakers_put_off(struct db *db, const char *subdomain, int64_t ms, const char *why, struct err *e)
{
    log_warn("%s is wanted, and not woken: %s", subdomain, why);
    metric_add(&metrics->wakes_refused, 1);
    return store_asleep_put_off(db, subdomain, clock_now_ms() + ms, why, e);
}

/* -1 when the database cannot be read or written. */
static int launch(struct purger *p, const struct asleep_row *row, struct err *e)
{
    const char *subdomain = row->asleep.subdomain;
    int64_t now = clock_now_ms();
    struct err why;
    int rc = make_room(p, subdomain, &why);

    if (rc < 0 && why.kind == ERR_BUSY)
        return wakers_put_off(p->db, subdomain, ROOM_PAUSE_MS, why.text, e);
    if (store_asleep_try(p->db, subdomain, now, now + pause_ms(row->tries), e) < 0)
        return -1;
    if (rc < 0)
        rc = store_asleep_error(p->db, subdomain, why.text, e) < 0 ? -1 : rc;
    else
        rc = environment_wake(p->db, p->runner, subdomain, row->wanted_by, false, &why);
    if (rc > 0)
        log_info("%s: woken by %s", subdomain, row->wanted_by);
    else if (rc < 0 && why.kind == ERR_NOT_FOUND)
        log_info("%s", why.text);
    else if (rc < 0)
        log_error("%s: cannot be woken: %s", subdomain, why.text);
    return 0;
}

static int launch_in_turn(struct waker *w, struct purger *p, const struct asleep_row *row,
                          struct err *e)
{
    const bool one_by_one = p->config->limit.awake > 0;
    int rc;

    if (one_by_one)
        pthread_mutex_lock(&w->all->room);
    rc = launch(p, row, e);
    if (one_by_one)
        pthread_mutex_unlock(&w->all->room);
    return rc;
}

static int wake(struct waker *w, struct purger *p, struct err *e)
{
    struct asleep_row row;
    struct arena a = {0};
    int rc = store_asleep_get(p->db, w->subdomain, &a, &row, e);

    if (rc > 0 && row.wanted_at > 0) {
        rc = environment_wake_progress(p->db, w->subdomain, e);
        if (rc == WAKE_ON_ITS_WAY) /* nobody needs to want it any more */
            rc = store_asleep_drop(p->db, w->subdomain, e);
        else if (rc >= 0)
            rc = launch_in_turn(w, p, &row, e);
    }
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

/* Waits for something to wake. False at the end. */
static bool take(struct waker *w)
{
    struct wakers *all = w->all;
    bool goes_on;

    pthread_mutex_lock(&all->lock);
    free(w->subdomain);
    w->subdomain = NULL;
    while (!w->subdomain && !all->ending)
        pthread_cond_wait(&all->given, &all->lock);
    goes_on = !all->ending;
    pthread_mutex_unlock(&all->lock);
    return goes_on;
}

static void run(struct job *job)
{
    struct waker *w = container_of(job, struct waker, job);
    struct purger p;
    struct err e;
    int failures = 0;

    if (purger_open(&p, job->config, job->state_dir, &e) < 0) {
        log_error("wake: %s", e.text);
        wakers_give(w->all, w, "", false); /* so that it never counts as idle */
        return;
    }
    p.db = job->db;
    while (take(w)) {
        failures = wake(w, &p, &e) < 0 ? failures + 1 : 0;
        if (failures == 1)
            log_error("wake: %s", e.text);
        /* What the database did not take is due still: its turn comes again. */
        if (failures > 0 && !job_wait(job->db, job->stop, job_backoff_ms(failures), NULL, NULL))
            break;
    }
    purger_close(&p);
}

int wakers_start(struct wakers *all, const struct job *like, struct err *e)
{
    for (size_t i = 0; i < WAKERS; i++) {
        struct waker *w = &all->each[i];

        *w = (struct waker){.job = {.name = "wakers",
                                    .run = run,
                                    .config = like->config,
                                    .state_dir = like->state_dir,
                                    .stop = like->stop},
                            .all = all};
        if (job_start(&w->job, e) < 0)
            return -1;
    }
    return 0;
}

void wakers_end(struct wakers *all)
{
    pthread_mutex_lock(&all->lock);
    all->ending = true;
    pthread_cond_broadcast(&all->given);
    pthread_mutex_unlock(&all->lock);
    for (size_t i = 0; i < WAKERS; i++) {
        job_join(&all->each[i].job);
        free(all->each[i].subdomain);
    }
}

struct wakers_glance wakers_glance(struct wakers *all, const char *subdomain)
{
    struct wakers_glance g = {0};

    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < WAKERS; i++) {
        struct waker *w = &all->each[i];
        if (!w->subdomain)
            g.idle = w;
        else {
            g.has_it = g.has_it || !strcmp(w->subdomain, subdomain);
            g.visits += w->is_visit;
        }
    }
    pthread_mutex_unlock(&all->lock);
    return g;
}

void wakers_give(struct wakers *all, struct waker *idle, const char *subdomain, bool is_visit)
{
    pthread_mutex_lock(&all->lock);
    idle->subdomain = strdup(subdomain); /* without memory it stays due */
    idle->is_visit = is_visit;
    pthread_cond_broadcast(&all->given);
    pthread_mutex_unlock(&all->lock);
}
