#include "task.h"

#include <string.h>

static const char *const health_words[] = {
    [TASK_NO_CHECK] = "",
    [TASK_HEALTH_UNKNOWN] = "UNKNOWN",
    [TASK_HEALTHY] = "HEALTHY",
    [TASK_UNHEALTHY] = "UNHEALTHY",
};

const char *task_health_word(enum task_health health)
{
    return health_words[health];
}

enum task_health task_health_of(const char *word)
{
    for (int h = TASK_NO_CHECK; h <= TASK_UNHEALTHY; h++)
        if (!strcmp(word, health_words[h]))
            return (enum task_health)h;
    return TASK_HEALTH_UNKNOWN;
}

bool task_was_told_to_stop(const struct task *t)
{
    /* ECS's own words are those of the Amazon ECS Developer Guide, "Stopped tasks error messages".
     * What it says goes on behind them: the exit codes of the containers, say. */
    static const char *const told[] = {
        STOP_REQUESTED,  STOP_PURGED,       STOP_RELAUNCHED,
        STOP_WITH_STACK, "Task stopped by", "Scaling activity",
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (!strncmp(t->stopped_reason, told[i], strlen(told[i])))
            return true;
    return !*t->stopped_reason;
}

bool task_is_live(const struct task *t)
{
    return strcmp(t->last_status, "STOPPED") != 0 && strcmp(t->desired_status, "STOPPED") != 0;
}

const char *task_disorder(const struct task *t, int64_t now_ms)
{
    if (!task_is_live(t) || strcmp(t->last_status, "RUNNING") != 0)
        return "";
    for (size_t i = 0; i < t->n_ports; i++)
        if (t->ports[i].silent_since && now_ms - t->ports[i].silent_since >= TASK_SILENT_MS)
            return "it has stopped answering at a port";
    return t->health == TASK_UNHEALTHY ? "its health check fails" : "";
}

bool task_is_ready(const struct task *t)
{
    if (!task_is_live(t) || strcmp(t->last_status, "RUNNING") != 0)
        return false;
    for (size_t i = 0; i < t->n_ports; i++)
        if (!t->ports[i].ready || !t->ports[i].answers)
            return false;
    return t->health == TASK_NO_CHECK || t->health == TASK_HEALTHY;
}

size_t task_count_of_launch(const struct task_list *tasks, const char *launch)
{
    size_t n = 0;

    for (size_t i = 0; i < tasks->len; i++)
        n += !strcmp(tasks->items[i].launch, launch);
    return n;
}
