#include "sync_asleep.h"

#include <string.h>

#include "asleep_keep.h"
#include "clock.h"
#include "environment.h"
#include "launch_rule.h"
#include "log.h"
#include "sleep.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

#define STARTING_MS 300000 /* so long it is looked at often */

/* What is known of one that sleeps. */
struct facts {
    struct environment environment;
    struct launch_list launches;
    struct task_list tasks; /* live ones */
};

static int look_at(struct db *db, const char *subdomain, struct arena *a, struct facts *f,
                   struct err *e)
{
    f->environment = (struct environment){.over = ""};
    return store_environment_get(db, subdomain, a, &f->environment, e) < 0 ||
                   store_launch_list(db, subdomain, a, &f->launches, e) < 0 ||
                   store_task_of(db, subdomain, TASK_RUNNING, a, &f->tasks, e) < 0
               ? -1
               : 0;
}

/* Stops the live tasks of the launches that sleep; a failure is tried again with the next look. */
static void stop_sleeping(struct db *db, struct runner *r, const struct asleep_row *row,
                          const struct facts *f)
{
    struct err why;

    for (size_t i = 0; i < f->tasks.len; i++) {
        const struct task *t = &f->tasks.items[i];
        if (strcmp(t->launch, row->asleep.launch) <= 0 &&
            environment_stop_task(db, r, t->arn, STOP_ASLEEP, &why) < 0)
            log_warn("%s: %s", t->subdomain, why.text);
    }
}

/* The launch that was begun last of those that are newer than what sleeps; NULL. */
static const struct launch *waking(const struct asleep_row *row, const struct facts *f)
{
    const struct launch *last = NULL;

    for (size_t i = 0; i < f->launches.len; i++) {
        const struct launch *l = &f->launches.items[i];
        if (strcmp(l->id, row->asleep.launch) > 0 && (!last || l->at >= last->at))
            last = l;
    }
    return last;
}

/* Whether a launch that is newer than what sleeps is or was ready, and still runs. */
static bool is_awake(const struct asleep_row *row, const struct facts *f)
{
    for (size_t i = 0; i < f->launches.len; i++) {
        const struct launch *l = &f->launches.items[i];
        if (strcmp(l->id, row->asleep.launch) > 0 && l->ready_at &&
            task_count_of_launch(&f->tasks, l->id) > 0)
            return true;
    }
    return false;
}

/* Why it sleeps no longer; NULL: it does. */
static const char *end_of(const struct config *config, const struct asleep_row *row,
                          const struct facts *f)
{
    if (is_awake(row, f))
        return "it is awake";
    if (f->environment.ended_at ||
        (*f->environment.over && strcmp(f->environment.over, row->asleep.launch) >= 0))
        return "it was terminated";
    if (config->sleep.keep_ms > 0 && clock_now_ms() - row->asleep.at > config->sleep.keep_ms)
        return "it has slept for sleep.keep";
    return NULL;
}

static int settle(struct db *db, struct runner *r, const struct asleep_row *row, bool *moving,
                  struct arena *a, struct err *e)
{
    int64_t now = clock_now_ms();
    const struct launch *l;
    struct facts f;

    if (look_at(db, row->asleep.subdomain, a, &f, e) < 0)
        return -1;
    stop_sleeping(db, r, row, &f);
    l = waking(row, &f);
    if (l && l->state == LAUNCH_STARTING) {
        int progress = environment_wake_progress(db, row->asleep.subdomain, e);
        *moving = *moving || l->at > now - STARTING_MS;
        if (progress < 0 || (progress == WAKE_BROKEN_OFF && row->wanted_at == 0 &&
                             store_asleep_want(db, row->asleep.subdomain, WAKE_ITSELF, now, e) < 0))
            return -1;
    }
    return l && l->state == LAUNCH_FAILED && strcmp(l->reason, row->error) != 0
               ? store_asleep_error(db, row->asleep.subdomain, l->reason, e)
               : 0;
}

int sync_asleep_forget(struct db *db, struct runner *r, const struct config *config, struct err *e)
{
    struct asleep_row *rows;
    struct arena a = {0};
    struct err why;
    size_t n;
    int rc = store_asleep_list(db, &a, &rows, &n, e);

    for (size_t i = 0; i < n; i++) {
        const char *subdomain = rows[i].asleep.subdomain, *end;
        struct facts f;
        if (look_at(db, subdomain, &a, &f, e) < 0) {
            rc = -1;
            break;
        }
        end = end_of(config, &rows[i], &f);
        if (!end)
            continue;
        /* One that cannot be forgotten does not keep the others. */
        if (asleep_forget(db, r, subdomain, rows[i].asleep.launch, &why) == 0)
            log_info("%s sleeps no longer: %s", subdomain, end);
        else if (rc == 0) {
            *e = why;
            rc = -1;
        }
    }
    arena_free(&a);
    return rc;
}

int sync_asleep(struct db *db, struct runner *r, const struct config *config, bool *moving,
                struct err *e)
{
    struct asleep_row *rows;
    struct arena a = {0};
    size_t n;
    int rc = store_asleep_list(db, &a, &rows, &n, e);

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = settle(db, r, &rows[i], moving, &a, e);
    arena_free(&a);
    if (rc == 0 && !runner_keeps(r))
        rc = sync_asleep_forget(db, r, config, e);
    return rc;
}
