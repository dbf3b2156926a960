#include "purge_run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "name_lock.h"
#include "store/store_access.h"

/* Ten a second. ECS takes more of an account (Amazon ECS API Reference, "Request throttling"), but
 * we are not alone in it; what is throttled all the same is tried again. */
#define STOP_PAUSE_MS 100

int purger_open(struct purger *p, const struct config *config, const char *state_dir, struct err *e)
{
    *p = (struct purger){.config = config, .stop = -1};
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

int purge_lock(const struct config *config, const char *state_dir, struct err *e)
{
    char *absolute = config->local ? realpath(state_dir, NULL) : NULL;
    int fd = config->local
                 ? name_lock("mirage-purge/local%s", absolute ? absolute : state_dir)
                 : name_lock("mirage-purge/%s/%s", config->ecs.region ? config->ecs.region : "",
                             config->ecs.cluster);
    int error = errno;

    free(absolute);
    if (fd >= 0)
        return fd;
    return error == EADDRINUSE ? err_set(e, ERR_BUSY, "another purge runs on this machine")
                               : err_system(e, error, "cannot take the lock for a purge");
}

/* --- stopping ----------------------------------------------------------------------------------
 */

static int stop_task(struct purger *p, const char *arn, struct err *e)
{
    struct pollfd end = {.fd = p->stop, .events = POLLIN};

    if (p->aws && poll(&end, 1, STOP_PAUSE_MS) > 0)
        return err_set(e, ERR_BUSY, "the program was told to end");
    return p->db ? environment_terminate_task(p->db, p->runner, arn, STOP_PURGED, e)
                 : runner_stop(p->runner, arn, STOP_PURGED, e);
}

int purge_stop(struct purger *p, const struct purge_plan *plan, const char *subdomain,
               struct err *e)
{
    struct err why;
    int rc = 1;

    if (p->db) {
        int64_t since = store_access_sum(p->db, subdomain, plan->decided_at, e);
        if (since != 0)
            return since < 0 ? -1 : 0;
    }
    for (size_t i = 0; i < plan->tasks.len; i++)
        if (!strcmp(plan->tasks.items[i].subdomain, subdomain) &&
            stop_task(p, plan->tasks.items[i].arn, rc > 0 ? e : &why) < 0)
            rc = -1;
    return rc;
}
