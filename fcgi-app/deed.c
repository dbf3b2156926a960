/* Names in the log are a client's text. log.c escapes what cannot be shown as it is. */
#include "deed.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "awake_room.h"
#include "aws/cloudwatch.h"
#include "environment.h"
#include "log.h"
#include "sleep.h"
#include "store/store_asleep.h"
#include "store/store_task.h"

#include "authenticate.h"
#include "look.h"
#include "router.h"

#define ASKER_MAX 200

/* Who asks: the addresses that the request came by, the client's first. Of many the last ones,
 * which are not the client's own words. */
static const char *asker(const struct call *c)
{
    const char *by = request_variable(c->request, "HTTP_X_FORWARDED_FOR");
    size_t len = strlen(by);
    char *text;

    if (len == 0 || !peer_is_trusted(c))
        return request_variable(c->request, "REMOTE_ADDR");
    text = arena_strdup(c->arena, len > ASKER_MAX ? by + len - ASKER_MAX : by);
    for (char *p = text; *p; p++) /* addresses are ASCII; it is kept as JSON, too */
        if (*p < ' ' || *p > '~')
            *p = '?';
    return text;
}

/* With limit.awake what is launched and woken goes one by one, for each counts the others. */
static pthread_mutex_t room = PTHREAD_MUTEX_INITIALIZER;

static void leave_room(const struct call *c)
{
    if (c->with->config->limit.awake > 0)
        pthread_mutex_unlock(&room);
}

/* Waits for the others as long as the request's limit allows. */
static int enter_room(const struct call *c, const char *subdomain, struct err *e)
{
    const struct limit *limit = c->with->limit;
    struct timespec end;

    if (c->with->config->limit.awake == 0)
        return 0;
    if (!limit)
        return pthread_mutex_lock(&room) == 0 ? 0 : -1;
    end = (struct timespec){limit->until_ms / 1000, limit->until_ms % 1000 * 1000000};
    if (pthread_mutex_clocklock(&room, CLOCK_MONOTONIC, &end) == 0)
        return 0;
    return err_set(e, ERR_BUSY,
                   "%.63s has to wait for others that are being launched (limit.awake)", subdomain);
}

/* For one more that is awake (limit.awake). When it succeeds, leave_room() is due once that has its
 * tasks. */
static int make_room(struct call *c, const char *subdomain, struct err *e)
{
    const struct purge_view view = {
        .source = cloudwatch_source(c->with->aws), .db = c->with->db, .used_here_is_enough = true};

    if (enter_room(c, subdomain, e) < 0)
        return -1;
    if (awake_room_make(&view, c->with->runner, c->with->config, subdomain, e) == 0)
        return 0;
    leave_room(c);
    return -1;
}

int deed_launch(struct call *c, const struct launch_request *request, struct err *e)
{
    const char *taskdefs = request->taskdefs[0];
    struct launch_request own = *request;
    struct err why;
    int rc;

    for (size_t i = 1; i < request->n_taskdefs; i++)
        taskdefs = arena_printf(c->arena, "%s, %s", taskdefs, request->taskdefs[i]);
    if (look(c, &why) < 0)
        log_warn("%s is launched without a look at what runs under it by now: %s",
                 request->subdomain, why.text);
    own.by = asker(c);
    if (make_room(c, request->subdomain, e) < 0)
        return err_prefix(e, "failed to launch %s", request->subdomain);
    rc = environment_launch(c->with->db, c->with->runner, &own, e);
    leave_room(c);
    if (rc < 0)
        return -1;
    log_info("launched %s (%.500s), asked by %s", request->subdomain, taskdefs, asker(c));
    return 0;
}

/* Whether the view has anything to stop. -1 on error. */
static int is_known(struct call *c, const char *subdomain, const char *id, struct err *e)
{
    struct asleep_row row;
    struct task_list tasks;
    struct task task;

    if (id)
        return store_task_get(c->with->db, id, c->arena, &task, e);
    if (store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, &tasks, e) < 0)
        return -1;
    return tasks.len > 0 ? 1 : store_asleep_get(c->with->db, subdomain, c->arena, &row, e);
}

int deed_terminate(struct call *c, const char *subdomain, const char *id, struct err *e)
{
    const char *name = id ? id : subdomain;
    struct err why;
    int rc;

    if (look(c, &why) < 0) {
        rc = is_known(c, subdomain, id, e);
        if (rc == 0)
            return err_set(e, ERR_BUSY,
                           "%.200s is not known here, and what runs cannot be looked at now: %s",
                           name, why.text);
        if (rc < 0)
            return -1;
        log_warn("%.200s is terminated without a look at what runs by now: %s", name, why.text);
    }
    rc = id ? environment_terminate_task(c->with->db, c->with->runner, id, STOP_REQUESTED, e)
            : environment_terminate(c->with->db, c->with->runner, subdomain, e);
    if (rc == 0)
        log_info("terminated %s%.200s, asked by %s", id ? "task " : "", name, asker(c));
    return rc;
}

int deed_sleep(struct call *c, const char *subdomain, struct err *e)
{
    if (look(c, e) < 0)
        return err_prefix(e, "%.63s is not put to sleep without a look at what runs by now",
                          subdomain);
    if (environment_sleep(c->with->db, c->with->runner, c->with->config, subdomain, asker(c),
                          arena_printf(c->arena, "%s asked for it", asker(c)), e) < 0)
        return -1;
    log_info("put %s to sleep, asked by %s", subdomain, asker(c));
    return 0;
}

int deed_wake(struct call *c, const char *subdomain, bool newest, struct err *e)
{
    struct asleep_row row;
    int rc = store_asleep_get(c->with->db, subdomain, c->arena, &row, e);
    bool sleeps = rc > 0;

    if (rc < 0 || (sleeps && make_room(c, subdomain, e) < 0))
        return -1;
    rc = environment_wake(c->with->db, c->with->runner, subdomain, asker(c), newest, e);
    if (sleeps)
        leave_room(c);
    if (rc > 0)
        log_info("woke %s, asked by %s", subdomain, asker(c));
    return rc < 0 ? -1 : 0;
}
