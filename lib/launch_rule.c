#include "launch_rule.h"

#include <string.h>

#define TASKS_GRACE_MS 60000 /* for the tasks of a new launch to be seen */

/* What there is to know of a launch at this moment. */
struct facts {
    size_t n_live;
    bool ready;              /* now */
    bool was_ready;          /* now or before */
    bool accepts;            /* at least one port of a live task accepts connections */
    bool unhealthy;          /* a live task is */
    bool over;               /* it failed or stopped before */
    const struct task *lost; /* the first task that ended without having been told to; or NULL */
    const struct task *told; /* the first task that ended because it was told to; or NULL */
};

static void look_at_task(struct facts *f, const struct task *t)
{
    if (!task_is_live(t)) {
        if (strcmp(t->last_status, "STOPPED") != 0 || task_was_told_to_stop(t))
            f->told = f->told ? f->told : t;
        else
            f->lost = f->lost ? f->lost : t;
        return;
    }
    f->n_live++;
    f->unhealthy = f->unhealthy || t->health == TASK_UNHEALTHY;
    f->ready = f->ready && task_is_ready(t);
    for (size_t i = 0; i < t->n_ports; i++)
        f->accepts = f->accepts || (!strcmp(t->last_status, "RUNNING") && t->ports[i].ready);
}

static struct facts facts_of(const struct launch_seen *s)
{
    struct facts f = {.ready = true};

    for (size_t i = 0; i < s->n_tasks; i++)
        look_at_task(&f, &s->tasks[i]);
    f.ready = f.ready && f.n_live > 0 && !f.lost && !f.told && f.n_live >= s->launch->n_wanted;
    f.was_ready = f.ready || s->launch->ready_at != 0;
    f.over = s->launch->state == LAUNCH_FAILED || s->launch->state == LAUNCH_STOPPED;
    return f;
}

/* --- which one serves ------------------------------------------------------------------------- */

static size_t newest_ready(const struct facts *f, size_t n)
{
    for (size_t i = n; i-- > 0;)
        if (f[i].was_ready && !f[i].over && f[i].n_live > 0)
            return i;
    return LAUNCH_NONE;
}

/* None has become ready: the one that served goes on, else the newest that may still become it,
 * else the newest that is there at all. */
static size_t best_of_the_rest(const struct launch_seen *seen, const struct facts *f, size_t n,
                               const char *serving)
{
    size_t best = LAUNCH_NONE;

    for (size_t i = 0; i < n; i++) {
        if (f[i].n_live == 0)
            continue;
        if (serving && !strcmp(seen[i].launch->id, serving) && (!f[i].over || f[i].accepts))
            return i;
        if (best == LAUNCH_NONE || !f[i].over || f[best].over)
            best = i;
    }
    return best;
}

/* Whether an older launch answers requests. */
static bool is_backed(const struct facts *f, size_t i)
{
    while (i-- > 0)
        if (f[i].n_live > 0 && (f[i].was_ready || f[i].accepts))
            return true;
    return false;
}

/* --- one that is not ready ---------------------------------------------------------------------
 */

/* Why it has failed; NULL: it has not. backed: an older launch serves meanwhile. */
static const char *failure(const struct launch_seen *s, const struct facts *f, bool backed,
                           const struct launch_rules *rules, int64_t now_ms, struct arena *a)
{
    int64_t age = now_ms - s->launch->at;

    if (s->launch->state == LAUNCH_FAILED)
        return s->launch->reason;
    if (f->lost)
        return arena_printf(a, "a task of %s stopped before it was ready: %s", f->lost->taskdef,
                            f->lost->stopped_reason);
    if (s->n_tasks == 0 && age > TASKS_GRACE_MS)
        return "no task of it was seen";
    if (backed && f->unhealthy)
        return "its health check failed";
    if (backed && rules->ready_timeout_ms > 0 && age > rules->ready_timeout_ms)
        return arena_printf(a, "it was not ready within %lld minutes (launch.ready_timeout)",
                            (long long)(rules->ready_timeout_ms / 60000));
    return NULL;
}

/* Another copy stopped it as failed, and said why. */
static const char *told_failure(const struct facts *f)
{
    const size_t len = strlen(STOP_FAILED);

    if (f->n_live > 0 || !f->told || strncmp(f->told->stopped_reason, STOP_FAILED, len) != 0)
        return NULL;
    return f->told->stopped_reason + len + strspn(f->told->stopped_reason + len, ": ");
}

static void judge_starting(const struct launch_seen *s, const struct facts *f, bool backed,
                           const struct launch_rules *rules, int64_t now_ms, struct arena *a,
                           struct launch_verdict *v)
{
    const char *why = told_failure(f);

    if (!why)
        why = failure(s, f, backed, rules, now_ms, a);
    if (why) {
        v->state = LAUNCH_FAILED;
        v->reason = why;
        v->stop = backed && f->n_live > 0; /* there is nothing better to offer without it */
        v->stop_reason = arena_printf(a, STOP_FAILED ": %s", why);
    } else if (f->n_live == 0 && s->n_tasks > 0) {
        v->state = LAUNCH_STOPPED;
        v->reason = f->told->stopped_reason;
    } else
        v->state = LAUNCH_STARTING;
}

/* --- one that is or was ready ------------------------------------------------------------------
 */

static void judge_ended(const struct launch_seen *s, const struct facts *f,
                        struct launch_verdict *v)
{
    const struct task *last = f->lost ? f->lost : f->told;

    v->state = s->launch->state == LAUNCH_FAILED ? LAUNCH_FAILED : LAUNCH_STOPPED;
    v->reason = *s->launch->reason || !last ? s->launch->reason : last->stopped_reason;
}

/* A newer one serves. What had requests is drained, and stopped only while the newer one is ready
 * now, for a stop cannot be taken back. */
static void judge_replaced(const struct launch_seen *s, const struct facts *f, bool has_served,
                           const struct facts *newer, const struct launch_rules *rules,
                           int64_t now_ms, struct launch_verdict *v)
{
    v->state = s->launch->state == LAUNCH_FAILED ? LAUNCH_FAILED : LAUNCH_DRAINING;
    v->stale_at = v->stale_at && v->stale_at <= now_ms ? v->stale_at : now_ms;
    v->stop =
        f->n_live > 0 && newer->ready && (!has_served || now_ms - v->stale_at >= rules->drain_ms);
    v->stop_reason = STOP_REPLACED;
    if (v->state == LAUNCH_DRAINING)
        v->reason = "a newer launch serves";
}

size_t launch_decide(const struct launch_seen *seen, size_t n, const char *serving,
                     const struct launch_rules *rules, int64_t now_ms, struct arena *a,
                     struct launch_verdict *verdicts)
{
    struct facts *f = arena_array(a, n, sizeof *f);
    size_t ready, best;

    for (size_t i = 0; i < n; i++)
        f[i] = facts_of(&seen[i]);
    ready = newest_ready(f, n);
    best = ready != LAUNCH_NONE ? ready : best_of_the_rest(seen, f, n, serving);
    for (size_t i = 0; i < n; i++) {
        const struct launch *l = seen[i].launch;
        struct launch_verdict *v = &verdicts[i];
        bool has_served = f[i].was_ready || l->stale_at || (serving && !strcmp(l->id, serving));
        *v = (struct launch_verdict){
            .state = l->state, .ready_at = l->ready_at, .reason = l->reason, .stop_reason = ""};
        if (f[i].ready && !v->ready_at && !f[i].over)
            v->ready_at = now_ms;
        if (f[i].n_live == 0 && (f[i].over || f[i].was_ready))
            judge_ended(&seen[i], &f[i], v);
        else if (ready != LAUNCH_NONE && i < ready && f[i].n_live > 0) {
            v->stale_at = l->stale_at;
            judge_replaced(&seen[i], &f[i], has_served, &f[ready], rules, now_ms, v);
        } else if (i == ready) {
            v->state = LAUNCH_READY;
            v->reason = "";
        } else
            judge_starting(&seen[i], &f[i], is_backed(f, i), rules, now_ms, a, v);
    }
    return best;
}

const char *launch_state_word(enum launch_state state)
{
    static const char *const words[] = {
        [LAUNCH_STARTING] = "starting", [LAUNCH_READY] = "ready",
        [LAUNCH_DRAINING] = "draining", [LAUNCH_FAILED] = "failed",
        [LAUNCH_STOPPED] = "stopped",
    };

    return words[state];
}
