#include "view_state.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"

enum view_state view_state(const struct config *config, const struct task *t)
{
    bool reached = false;

    if (!strcmp(t->last_status, "STOPPED"))
        return task_was_told_to_stop(t) ? VIEW_STOPPED : VIEW_FAILED;
    if (!task_is_live(t))
        return VIEW_STOPPING;
    if (!strcmp(t->last_status, "PROVISIONING"))
        return VIEW_PROVISIONING;
    if (!strcmp(t->last_status, "PENDING"))
        return VIEW_PENDING;
    if (strcmp(t->last_status, "RUNNING") != 0)
        return VIEW_STARTING;
    for (size_t i = 0; i < t->n_ports; i++) {
        if (!t->ports[i].ready || !t->ports[i].answers)
            return VIEW_STARTING;
        reached = reached || config_has_target(config, t->ports[i].container_port);
    }
    if (*task_disorder(t, clock_now_ms()))
        return VIEW_UNHEALTHY;
    if (t->health == TASK_HEALTH_UNKNOWN)
        return VIEW_STARTING;
    return reached ? VIEW_READY : VIEW_RUNNING;
}

const char *view_state_word(enum view_state state)
{
    static const char *const words[] = {
        [VIEW_ASLEEP] = "asleep",
        [VIEW_LOST] = "lost",
        [VIEW_PROVISIONING] = "provisioning",
        [VIEW_PENDING] = "pending",
        [VIEW_STARTING] = "starting",
        [VIEW_UNHEALTHY] = "unhealthy",
        [VIEW_READY] = "ready",
        [VIEW_RUNNING] = "running",
        [VIEW_STOPPING] = "stopping",
        [VIEW_STOPPED] = "stopped",
        [VIEW_FAILED] = "failed",
    };

    return words[state];
}
