#include "obstacle.h"

#include <string.h>

#include "clock.h"

enum { PATIENCE_MS = 10000 }; /* programs need a moment until they listen */

static bool has_target(const struct config *config, const struct task *t)
{
    for (size_t i = 0; i < t->n_ports; i++)
        if (config_has_target(config, t->ports[i].container_port))
            return true;
    return false;
}

/* "80, 443": the container ports that requests are sent to. */
static const char *targets(const struct config *config, struct arena *a)
{
    const char *list = "";

    for (size_t i = 0; i < config->listen.n_http; i++)
        list = arena_printf(a, "%s%s%ld", list, i > 0 ? ", " : "",
                            (long)config->listen.http[i].target);
    return list;
}

const char *obstacle_of(const struct config *config, struct arena *a, const struct task *t)
{
    if (!task_is_live(t) || strcmp(t->last_status, "RUNNING") != 0 ||
        clock_now_ms() - t->started_at < PATIENCE_MS)
        return "";
    if (!has_target(config, t))
        return arena_printf(a,
                            "runs, but nothing reaches it: none of its container ports is one that "
                            "listen.http sends requests to (%s).",
                            targets(config, a));
    for (size_t i = 0; i < t->n_ports; i++) {
        const struct task_port *p = &t->ports[i];

        if (!config_has_target(config, p->container_port))
            continue;
        if (!p->ready && *p->address)
            return arena_printf(a, "runs, but accepts no connection at %s port %d yet.", p->address,
                                p->port);
        if (p->ready && !p->answers)
            return arena_printf(
                a, "runs, but has not answered GET %s with a status of 200 to 399 yet.",
                config->launch.health.path);
    }
    return t->health == TASK_HEALTH_UNKNOWN ? "runs, but its health check has not passed yet." : "";
}

const struct task *obstacle_find(const struct config *config, struct arena *a,
                                 const struct task *tasks, size_t n)
{
    bool any = false;

    for (size_t i = 0; i < n; i++)
        any = any || has_target(config, &tasks[i]);
    for (size_t i = 0; i < n; i++)
        if ((!any || has_target(config, &tasks[i])) && *obstacle_of(config, a, &tasks[i]))
            return &tasks[i];
    return NULL;
}
