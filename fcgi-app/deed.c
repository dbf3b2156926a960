/* On ECS, several stacks may share a cluster behind one load balancer, and each has a view of its
 * own that is seconds old. Before tasks are stopped, mirage-sync is asked for a look that begins
 * now, so that what another stack has launched is stopped, too.
 *
 * Names are a client's text: what the log cannot show as it is, it escapes. */
#include "deed.h"

#include <poll.h>

#include "clock.h"
#include "environment.h"
#include "log.h"
#include "store_sync.h"
#include "store_task.h"

#include "router.h"

#define LOOK_MS  5000 /* how long a look may take: several pages of ListTasks */
#define AGAIN_MS 20

/* Who asks: the addresses that the request came by, the client's first. */
static const char *asker(const struct call *c)
{
    const char *by = request_variable(c->request, "HTTP_X_FORWARDED_FOR");

    return *by != '\0' ? by : request_variable(c->request, "REMOTE_ADDR");
}

static bool is_failing(const struct sync_status *s)
{
    return s->failed_at > s->succeeded_at;
}

/* Waits until the view is of no earlier than now. -1 when it cannot be had. */
static int look(struct call *c, struct err *e)
{
    int64_t end = clock_monotonic_ms() + LOOK_MS, number;
    struct sync_status status;

    if (c->with->config->local)
        return 0; /* a stack has its tasks for itself */
    if (store_sync_get(c->with->db, c->arena, &status, e) < 0)
        return -1;
    if (is_failing(&status)) /* mirage-sync pauses: it is not waited for */
        return err_set(e, ERR_BUSY, "%s", status.error);
    number = store_sync_want(c->with->db, e);
    if (number < 0)
        return -1;
    while (clock_monotonic_ms() < end) {
        if (store_sync_get(c->with->db, c->arena, &status, e) < 0)
            return -1;
        if (status.looked >= number)
            return 0;
        if (is_failing(&status))
            return err_set(e, ERR_BUSY, "%s", status.error);
        poll(NULL, 0, AGAIN_MS);
    }
    return err_set(e, ERR_BUSY, "no answer within %d s", LOOK_MS / 1000);
}

int deed_launch(struct call *c, const struct launch_request *request, struct err *e)
{
    const char *taskdefs = request->taskdefs[0];
    struct err why;

    for (size_t i = 1; i < request->n_taskdefs; i++)
        taskdefs = arena_printf(c->arena, "%s, %s", taskdefs, request->taskdefs[i]);
    if (look(c, &why) < 0)
        log_warn("%s is launched without a look at what runs under it by now: %s",
                 request->subdomain, why.text);
    if (environment_launch(c->with->db, c->with->runner, request, e) < 0)
        return -1;
    log_info("launched %s (%.500s), asked by %.200s", request->subdomain, taskdefs, asker(c));
    return 0;
}

/* Whether the view has anything to stop. -1 on error. */
static int is_known(struct call *c, const char *subdomain, const char *id, struct err *e)
{
    struct task_list tasks;
    struct task task;

    if (id != NULL)
        return store_task_get(c->with->db, id, c->arena, &task, e);
    if (store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, &tasks, e) < 0)
        return -1;
    return tasks.len > 0;
}

int deed_terminate(struct call *c, const char *subdomain, const char *id, struct err *e)
{
    const char *name = id != NULL ? id : subdomain;
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
    rc = id != NULL ? environment_terminate_task(c->with->db, c->with->runner, id, e)
                    : environment_terminate(c->with->db, c->with->runner, subdomain, e);
    if (rc == 0)
        log_info("terminated %s%.200s, asked by %.200s", id != NULL ? "task " : "", name, asker(c));
    return rc;
}
