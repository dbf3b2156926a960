#include "waiting.h"

#include <string.h>

static bool has_target(const struct config *config, const struct task *t)
{
    for (size_t i = 0; i < t->n_ports; i++)
        if (config_has_target(config, t->ports[i].container_port))
            return true;
    return false;
}

/* The step of a task that runs. Of several ports that are waited for, *port is the one that
 * listen.http names first. */
static enum waiting_step running_step(const struct config *config, const struct task *t, int *port)
{
    bool answers = true;

    for (size_t i = 0; i < config->listen.n_http; i++)
        for (size_t k = 0; k < t->n_ports; k++) {
            const struct task_port *p = &t->ports[k];

            if (p->container_port && p->container_port != config->listen.http[i].target)
                continue;
            if (!p->ready) {
                *port = p->container_port ? p->container_port : p->port;
                return STEP_PORT;
            }
            answers = answers && p->answers;
        }
    if (!has_target(config, t))
        return STEP_PORT;
    return answers && t->health != TASK_HEALTH_UNKNOWN ? STEP_READY : STEP_HEALTH;
}

static enum waiting_step task_step(const struct config *config, const struct task *t, int *port)
{
    *port = 0;
    if (!strcmp(t->last_status, "PROVISIONING"))
        return STEP_PROVISIONING;
    if (!strcmp(t->last_status, "PENDING"))
        return STEP_PULLING;
    if (strcmp(t->last_status, "RUNNING") != 0)
        return STEP_STARTING;
    return running_step(config, t, port);
}

/* The step of the task that has got the least far. One that runs, and that no request reaches, is
 * not waited for where another is. */
static void set_step(const struct config *config, const struct waiting_facts *f, struct waiting *w)
{
    bool any = false, some = false;

    w->step = STEP_PROVISIONING;
    for (size_t i = 0; i < f->n_tasks; i++)
        some = some || (task_is_live(&f->tasks[i]) && has_target(config, &f->tasks[i]));
    for (size_t i = 0; i < f->n_tasks; i++) {
        const struct task *t = &f->tasks[i];
        enum waiting_step step;
        int port;

        if (!task_is_live(t))
            continue;
        step = task_step(config, t, &port);
        if (step == STEP_PORT && some && !has_target(config, t))
            continue;
        if (!any || step < w->step) {
            w->step = step;
            w->port = port;
        }
        any = true;
        w->has_health = w->has_health || t->health != TASK_NO_CHECK;
    }
}

static bool has_failed(const struct task *t)
{
    return !strcmp(t->last_status, "STOPPED") && !task_was_told_to_stop(t);
}

/* The task that failed; NULL: none did. */
static const struct task *failed_task(const struct waiting_facts *f)
{
    for (size_t i = 0; i < f->n_tasks; i++)
        if (has_failed(&f->tasks[i]))
            return &f->tasks[i];
    return NULL;
}

static bool has_live_task(const struct waiting_facts *f)
{
    for (size_t i = 0; i < f->n_tasks; i++)
        if (task_is_live(&f->tasks[i]))
            return true;
    return false;
}

static void set_cause(struct waiting *w, const char *reason, const char *code)
{
    w->reason = reason;
    w->cause = *reason || *code ? stop_cause_of(reason, code) : NULL;
}

/* What became of the newest launch. */
static void set_by_launch(const struct waiting_facts *f, struct waiting *w)
{
    const struct task *failed = failed_task(f);

    w->since = f->newest->at;
    if (f->newest->ready_at > 0 && !has_live_task(f))
        w->state = WAITING_LOST;
    else if (f->newest->state == LAUNCH_FAILED || failed)
        w->state = WAITING_FAILED;
    else
        return;
    set_cause(w, failed ? failed->stopped_reason : f->newest->reason,
              failed ? failed->stop_code : "");
    w->again_at = f->environment.recover_at;
}

/* Nothing was launched yet of what sleeps. */
static void set_by_sleep(const struct waiting_facts *f, struct waiting *w)
{
    const struct asleep_row *row = &f->asleep;
    const bool is_wanted = row->wanted_at > 0;
    const bool pauses = row->not_before > f->now && row->not_before <= f->now + ASLEEP_PAUSE_MAX_MS;

    w->since = is_wanted ? row->wanted_at : row->tried_at;
    if (w->since == 0 && !f->wakes) {
        w->state = WAITING_ASLEEP;
        w->since = row->asleep.at;
    }
    /* Of what is not wanted yet, this very visit may be the one that wakes it. */
    if (*row->error && (pauses || (!is_wanted && !f->wakes))) {
        w->state = WAITING_FAILED;
        w->again_at = is_wanted ? row->not_before : 0;
        set_cause(w, row->error, "");
    }
}

struct waiting waiting_of(const struct config *config, const struct waiting_facts *f)
{
    struct waiting w = {.state = f->sleeps ? WAITING_WAKING : WAITING_STARTING,
                        .since = f->environment.launched_at,
                        .has_health = config->launch.health.path,
                        .reason = ""};

    if (f->newest) {
        set_step(config, f, &w);
        set_by_launch(f, &w);
    } else if (f->sleeps)
        set_by_sleep(f, &w);
    else if (*f->environment.trouble) {
        w.state = WAITING_LOST;
        w.again_at = f->environment.recover_at;
        set_cause(&w, f->environment.trouble, "");
    }
    w.by_a_visit = w.state == WAITING_FAILED && f->sleeps && strcmp(config->wake.visitors, "none");
    if (w.step == STEP_READY && (w.state == WAITING_STARTING || w.state == WAITING_WAKING))
        w.state = WAITING_READY;
    return w;
}

const char *waiting_state_word(enum waiting_state state)
{
    static const char *const words[WAITING_STATES] = {
        [WAITING_STARTING] = "starting", [WAITING_WAKING] = "waking", [WAITING_ASLEEP] = "asleep",
        [WAITING_FAILED] = "failed",     [WAITING_LOST] = "lost",     [WAITING_READY] = "ready",
    };

    return words[state];
}

const char *waiting_step_word(enum waiting_step step)
{
    static const char *const words[STEPS] = {
        [STEP_PROVISIONING] = "provisioning",
        [STEP_PULLING] = "pulling",
        [STEP_STARTING] = "starting",
        [STEP_PORT] = "port",
        [STEP_HEALTH] = "health",
        [STEP_READY] = "ready",
    };

    return words[step];
}

bool waiting_goes_on(const struct waiting *w)
{
    return w->state == WAITING_STARTING || w->state == WAITING_WAKING || w->state == WAITING_READY;
}
