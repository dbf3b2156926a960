#include "launch_rule.h"

#include <string.h>

#define RELAPSE_MS 1800000 /* where launch.ready_timeout sets no limit */

/* What there is to know of a launch at this moment. */
struct facts {
    size_t n_live;
    bool ready;              /* now */
    bool was_ready;          /* now or before */
    bool accepts;            /* at least one port of a live task accepts connections */
    bool unhealthy;          /* a live task is */
    bool over;               /* it failed or stopped before */
    bool ending;             /* a task stops without having been told to: why is known at its end */
    const struct task *lost; /* the first task that ended without having been told to; or NULL */
    const struct task *told; /* the first task that ended because it was told to; or NULL */
};

static void look_at_task(struct facts *f, const struct task *t)
{
    if (!task_is_live(t)) {
        if (task_was_told_to_stop(t))
            f->told = f->told ? f->told : t;
        else if (!strcmp(t->last_status, "STOPPED"))
            f->lost = f->lost ? f->lost : t;
        else
            f->ending = true;
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
    f.ready = f.ready && f.n_live > 0 && !f.lost && !f.told && !f.ending &&
              f.n_live >= s->launch->n_wanted;
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

/* How good it is to send requests there while no launch has become ready. */
static int worth(const struct facts *f)
{
    return f->over ? (f->accepts ? 2 : 0) : (f->accepts ? 3 : 1);
}

/* None has become ready: the best that is there at all. Of equal ones that which served until now,
 * else the newest. */
static size_t best_of_the_rest(const struct launch_seen *seen, const struct facts *f, size_t n,
                               const char *serving)
{
    size_t best = LAUNCH_NONE;

    for (size_t i = 0; i < n; i++) {
        bool stays = best != LAUNCH_NONE && serving && !strcmp(seen[best].launch->id, serving);
        if (f[i].n_live > 0 && (best == LAUNCH_NONE || worth(&f[i]) > worth(&f[best]) ||
                                (worth(&f[i]) == worth(&f[best]) && !stays)))
            best = i;
    }
    return best;
}

/* What other launches are to one that is not ready. */
struct neighbours {
    bool backed;   /* an older one answers requests */
    bool answered; /* an older or a newer one does */
    bool followed; /* there is a newer one that may still become ready */
};

static struct neighbours neighbours_of(const struct facts *f, size_t n, size_t i)
{
    struct neighbours nb = {0};

    for (size_t k = 0; k < n; k++) {
        if (f[k].n_live == 0)
            continue;
        nb.backed = nb.backed || (k < i && (f[k].was_ready || f[k].accepts));
        nb.answered = nb.answered || (k != i && (f[k].was_ready || f[k].accepts));
        nb.followed = nb.followed || (k > i && !f[k].over);
    }
    return nb;
}

/* --- one that is not ready ---------------------------------------------------------------------
 */

/* Why it has failed; NULL: it has not. */
static const char *failure(const struct launch_seen *s, const struct facts *f,
                           const struct neighbours *nb, const struct launch_rules *rules,
                           int64_t now_ms, struct arena *a)
{
    int64_t age = now_ms - s->launch->at;
    bool late = rules->ready_timeout_ms > 0 && age > rules->ready_timeout_ms;

    if (s->launch->state == LAUNCH_FAILED)
        return s->launch->reason;
    if (f->lost)
        return arena_printf(a, "a task of %s stopped before it was ready: %s", f->lost->taskdef,
                            f->lost->stopped_reason);
    if (s->n_tasks == 0 && age > LAUNCH_GRACE_MS)
        return "no task of it was seen";
    if (nb->backed && f->unhealthy)
        return "its health check failed";
    if (late && (f->accepts ? nb->backed : nb->answered || nb->followed))
        return arena_printf(a, "it was not ready within %lld%s (launch.ready_timeout)",
                            (long long)(rules->ready_timeout_ms % 60000
                                            ? (rules->ready_timeout_ms + 999) / 1000
                                            : rules->ready_timeout_ms / 60000),
                            rules->ready_timeout_ms % 60000 ? "s" : "m");
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

static void judge_starting(const struct launch_seen *s, const struct facts *f,
                           const struct neighbours *nb, const struct launch_rules *rules,
                           int64_t now_ms, struct arena *a, struct launch_verdict *v)
{
    const char *why = told_failure(f);

    if (!why)
        why = failure(s, f, nb, rules, now_ms, a);
    if (why) {
        v->state = LAUNCH_FAILED;
        v->reason = why;
        v->stop_reason = arena_printf(a, STOP_FAILED ": %s", why);
    } else if (f->n_live == 0 && s->n_tasks > 0 && !f->ending) {
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

/* A newer one serves. What had requests is drained. While it is ready itself it is stopped only
 * where the newer one is ready now, too: a stop cannot be taken back. */
static void judge_replaced(const struct launch_seen *s, const struct facts *f, bool has_served,
                           const struct facts *newer, const struct launch_rules *rules,
                           int64_t now_ms, struct launch_verdict *v)
{
    v->state = s->launch->state == LAUNCH_FAILED ? LAUNCH_FAILED : LAUNCH_DRAINING;
    v->stale_at = v->stale_at && v->stale_at <= now_ms ? v->stale_at : now_ms;
    v->stop = f->n_live > 0 && (newer->ready || !f->ready) &&
              (!has_served || now_ms - v->stale_at >= rules->drain_ms);
    v->stop_reason = STOP_REPLACED;
    if (v->state == LAUNCH_DRAINING)
        v->reason = "a newer launch serves";
}

/* The one that serves was ready once, and is not any more; an older one still is. After a while
 * the older one has the better claim. */
static bool has_relapsed(const struct launch_seen *seen, const struct facts *f, size_t ready,
                         const struct launch_rules *rules, int64_t now_ms)
{
    int64_t after = rules->ready_timeout_ms > 0 ? rules->ready_timeout_ms : RELAPSE_MS;

    for (size_t i = 0; i < ready && !f[ready].ready; i++)
        if (f[i].ready && !f[i].over && seen[i].launch->stale_at &&
            now_ms - seen[i].launch->stale_at > after)
            return true;
    return false;
}

/* One launch; `ready`: the newest that has become ready. */
static void judge(const struct launch_seen *seen, const struct facts *f, size_t n, size_t i,
                  size_t ready, const char *serving, const struct launch_rules *rules,
                  int64_t now_ms, struct arena *a, struct launch_verdict *v)
{
    const struct launch *l = seen[i].launch;
    bool has_served = f[i].was_ready || l->stale_at || (serving && !strcmp(l->id, serving));
    struct neighbours nb;

    *v = (struct launch_verdict){.state = l->state,
                                 .ready_at = l->ready_at,
                                 .reason = l->reason,
                                 .stop_reason = STOP_FAILED};
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
    } else {
        nb = neighbours_of(f, n, i);
        judge_starting(&seen[i], &f[i], &nb, rules, now_ms, a, v);
    }
}

size_t launch_decide(const struct launch_seen *seen, size_t n, const char *serving,
                     const struct launch_rules *rules, int64_t now_ms, struct arena *a,
                     struct launch_verdict *verdicts)
{
    struct facts *f = arena_array(a, n, sizeof *f);
    size_t ready, best, relapsed = LAUNCH_NONE;

    for (size_t i = 0; i < n; i++)
        f[i] = facts_of(&seen[i]);
    ready = newest_ready(f, n);
    if (ready != LAUNCH_NONE && has_relapsed(seen, f, ready, rules, now_ms)) {
        relapsed = ready;
        f[relapsed].over = true;
        ready = newest_ready(f, n);
    }
    best = ready != LAUNCH_NONE ? ready : best_of_the_rest(seen, f, n, serving);
    for (size_t i = 0; i < n; i++) {
        struct launch_verdict *v = &verdicts[i];
        judge(seen, f, n, i, ready, serving, rules, now_ms, a, v);
        if (i == relapsed) {
            v->state = LAUNCH_FAILED;
            v->reason = "it was ready, and is not any more; an older launch still is";
        }
        /* Where it is the one that serves there is nothing better to offer. */
        if (v->state == LAUNCH_FAILED && i != best && f[i].n_live > 0 && best != LAUNCH_NONE)
            v->stop = f[best].ready || !f[i].ready;
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
