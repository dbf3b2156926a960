#include "purge_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "environment.h"
#include "log.h"
#include "name_lock.h"
#include "sleep.h"
#include "store/store_access.h"

/* Ten a second. ECS takes more of an account (Amazon ECS API Reference, "Request throttling"), but
 * we are not alone in it; what is throttled all the same is tried again. */
#define STOP_PAUSE_MS 100

int purger_open(struct purger *p, const struct config *config, const char *state_dir, struct err *e)
{
    *p = (struct purger){
        .config = config, .by = "a purge", .settle_ms = config->purge.settle_ms, .stop = -1};
    if (runner_open(&p->runner, config, state_dir, e) < 0 ||
        (!config->local && aws_client_open(&p->aws, config->ecs.region, e) < 0)) {
        purger_close(p);
        return -1;
    }
    return 0;
}

void purger_close(struct purger *p)
{
    runner_close(p->runner);
    aws_client_close(p->aws);
}

/* Whether a purge of ours may run as this user: ours, root, or whose the state folder is. */
static bool may_be_purge(uid_t holder, const char *state_dir)
{
    struct stat st;

    return holder == geteuid() || holder == 0 ||
           (stat(state_dir, &st) == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
            st.st_uid == holder);
}

/* Any user can take the name, to keep purges from running. Such a one holds up nothing: two purges
 * at once do no harm, because what is stopped twice is stopped. */
static int pass_over_stranger(const char *name, const char *state_dir, struct err *e)
{
    uid_t holder;
    bool is_known = name_lock_holder(&holder, "%s", name) == 0;
    int fd;

    if (is_known && may_be_purge(holder, state_dir))
        return err_set(e, ERR_BUSY, "another purge runs on this machine");
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_system(e, errno, "cannot open /dev/null");
    if (is_known)
        log_warn("the lock of purges is held by user %lu, who runs none of ours: going on",
                 (unsigned long)holder);
    else
        log_warn("the lock of purges is held by a process that is no purge: going on");
    return fd;
}

int purge_lock(const struct config *config, const char *state_dir, struct err *e)
{
    char *absolute = config->local ? realpath(state_dir, NULL) : NULL;
    struct buf name = {0};
    int fd, error;

    if (config->local)
        buf_printf(&name, "mirage-purge/local%s", absolute ? absolute : state_dir);
    else
        buf_printf(&name, "mirage-purge/%s/%s", config->ecs.region ? config->ecs.region : "",
                   config->ecs.cluster);
    free(absolute);
    fd = name_lock("%s", buf_text(&name));
    error = errno;
    if (fd < 0)
        fd = error == EADDRINUSE ? pass_over_stranger(buf_text(&name), state_dir, e)
                                 : err_system(e, error, "cannot take the lock for a purge");
    else if (name_lock_tell(fd) < 0) {
        err_system(e, errno, "cannot take the lock for a purge");
        close(fd);
        fd = -1;
    }
    buf_free(&name);
    return fd;
}

/* --- the second look ---------------------------------------------------------------------------
 */

static size_t to_be_stopped(const struct purge_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++)
        n += plan->decisions[i].stop;
    return n;
}

/* Both plans are sorted by subdomain. */
static void keep_what_is_new(struct purge_plan *second, const struct purge_plan *first)
{
    size_t k = 0;

    for (size_t i = 0; i < second->n; i++) {
        struct purge_decision *d = &second->decisions[i];
        while (k < first->n && strcmp(first->decisions[k].subdomain, d->subdomain) < 0)
            k++;
        if (!d->stop || (k < first->n && !strcmp(first->decisions[k].subdomain, d->subdomain) &&
                         first->decisions[k].stop))
            continue;
        d->stop = false;
        d->reason = "unused only since this purge began";
    }
}

/* Waits so long. -1 with ERR_BUSY when the program is to end. */
static int wait_for(const struct purger *p, int64_t ms, struct err *e)
{
    struct pollfd end = {.fd = p->stop, .events = POLLIN};
    int64_t until = clock_monotonic_ms() + ms, left;

    while ((left = until - clock_monotonic_ms()) > 0)
        if (poll(&end, 1, (int)(left < PURGE_SETTLE_MAX_MS ? left : PURGE_SETTLE_MAX_MS)) > 0)
            return err_set(e, ERR_BUSY, "the program was told to end");
    return 0;
}

int purge_look_twice(struct purger *p, const struct purge_view *view,
                     const struct purge_rules *rules, struct arena *a, struct purge_plan *plan,
                     struct err *e)
{
    struct purge_plan first;
    size_t n;

    if (purge_plan(view, rules, a, plan, e) < 0)
        return -1;
    n = to_be_stopped(plan);
    if (!p->aws || p->settle_ms == 0 || n == 0)
        return 0;
    log_info("purge: %zu environments are unused; they are looked at again in %lld s", n,
             (long long)(p->settle_ms / 1000));
    if (wait_for(p, p->settle_ms, e) < 0)
        return -1;
    first = *plan;
    if (purge_plan(view, rules, a, plan, e) < 0)
        return -1;
    keep_what_is_new(plan, &first);
    return 0;
}

/* --- stopping ----------------------------------------------------------------------------------
 */

static int stop_task(struct purger *p, const char *arn, bool sleep, struct err *e)
{
    const char *reason = sleep ? STOP_ASLEEP : STOP_PURGED;
    struct pollfd end = {.fd = p->stop, .events = POLLIN};

    if (p->aws && poll(&end, 1, STOP_PAUSE_MS) > 0)
        return err_set(e, ERR_BUSY, "the program was told to end");
    if (!p->db)
        return runner_stop(p->runner, arn, reason, e);
    return sleep ? environment_stop_task(p->db, p->runner, arn, reason, e)
                 : environment_terminate_task(p->db, p->runner, arn, reason, e);
}

int purge_stop(struct purger *p, const struct purge_plan *plan,
               const struct purge_decision *decision, bool sleep, struct err *e)
{
    const char *subdomain = decision->subdomain;
    const struct task *tasks = NULL;
    struct err why;
    size_t n = 0;
    int rc = 1;

    if (p->db && !decision->aged) {
        int64_t since = store_access_sum(p->db, subdomain, plan->decided_at, e);
        if (since != 0)
            return since < 0 ? -1 : 0;
    }
    for (size_t i = 0; i < plan->tasks.len; i++)
        if (!strcmp(plan->tasks.items[i].subdomain, subdomain)) {
            tasks = n > 0 ? tasks : &plan->tasks.items[i];
            n++;
        }
    if (sleep &&
        sleep_begin(p->db, p->runner, p->config, tasks, n, p->by, decision->reason, e) < 0) {
        e->kind = e->kind == ERR_BUSY ? ERR_REFUSED : e->kind; /* the purge goes on */
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (stop_task(p, tasks[i].arn, sleep, rc > 0 ? e : &why) < 0)
            rc = -1;
    return rc;
}
