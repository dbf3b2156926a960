/* Which launch of an environment serves, and what becomes of the others: a table of cases, and what
 * must hold in any history that several copies see at different times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "launch_rule.h"

#include "task_fixture.h"

#define NOW      1800000000000LL
#define SECOND   1000LL
#define MINUTE   (60 * SECOND)
#define AT_MOST  8
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct launch_rules rules = {.drain_ms = 30 * SECOND, .ready_timeout_ms = 30 * MINUTE};

/* --- the table ---------------------------------------------------------------------------------
 */

/* A case names its launches, oldest first, with a blank between two: its state, a colon, its tasks.
 *
 * States: s starting, r ready, d draining, f failed, x stopped. Behind it may stand: wN tasks are
 * wanted; mN it was asked for N minutes ago (5); tN it was replaced N seconds ago.
 * Tasks: R ready; P pending; p its port does not accept; H its health is not known yet; U
 * unhealthy, but accepting; u unhealthy, and its port does not accept; q its port accepts,
 * launch.health is not answered; L stopped by itself; E about to; T stopped because it was told to;
 * S being stopped; F stopped because its launch failed.
 *
 * Wanted of each launch: its state from now on, and X when its live tasks are to be stopped. */
struct situation {
    const char *name, *launches;
    int serving; /* until now; -1: none */
    const char *wanted;
    int serves; /* -1: none */
};

static const struct situation table[] = {
    /* one launch */
    {"nothing yet", "s:", -1, "s", -1},
    {"nothing for more than a minute", "sm2:", -1, "f", -1},
    {"pending", "s:P", -1, "s", 0},
    {"its port does not accept", "s:p", 0, "s", 0},
    {"it becomes ready", "s:R", 0, "r", 0},
    {"it is ready", "r:R", 0, "r", 0},
    {"it is ready, and nobody remembers who serves", "r:R", -1, "r", 0},
    {"two tasks, one ready", "s:RP", 0, "s", 0},
    {"two tasks, both ready", "s:RR", 0, "r", 0},
    {"one of two wanted is seen", "sw2:R", 0, "s", 0},
    {"both that are wanted are seen", "sw2:RR", 0, "r", 0},
    {"its health is not known yet", "s:H", 0, "s", 0},
    {"unhealthy, and nothing else serves", "s:U", 0, "s", 0},
    {"unhealthy for hours, and nothing else serves", "sm300:U", 0, "s", 0},
    {"launch.health is not answered", "s:q", 0, "s", 0},
    {"a port that never opens, and nothing else serves", "sm300:p", 0, "s", 0},
    {"it ends before it is ready", "s:L", 0, "f", -1},
    {"one of two ends before it is ready", "s:RL", 0, "f", 0},
    {"it is about to end before it is ready", "s:E", 0, "s", -1},
    {"one of two is about to end", "s:RE", 0, "s", 0},
    {"one of two was told to stop, the other is about to end", "s:TE", 0, "s", -1},
    {"one of two ended before; the other runs on", "f:RL", 0, "f", 0},
    {"it was told to stop before it was ready", "s:T", 0, "x", -1},
    {"it is being told to stop", "s:S", 0, "x", -1},
    {"it is ready, and becomes unhealthy", "r:U", 0, "r", 0},
    {"it is ready, and its port stops accepting", "r:p", 0, "r", 0},
    {"it is ready, and one of two ends", "r:RL", 0, "r", 0},
    {"it is ready, and ends", "r:L", 0, "x", -1},
    {"it is ready, and is about to end", "r:E", 0, "x", -1},
    {"it is ready, and is told to stop", "r:T", 0, "x", -1},
    {"it is ready, and is being told to stop", "r:S", 0, "x", -1},
    {"it has failed, and is gone", "f:L", 0, "f", -1},
    {"it has stopped", "x:T", -1, "x", -1},
    {"stopped as failed by another copy", "s:F", 0, "f", -1},
    {"its clock is ahead", "sm-10:P", -1, "s", 0},

    /* a replacement that starts */
    {"asked for, nothing seen", "r:R s:", 0, "r s", 0},
    {"asked for, nothing seen for long", "r:R sm2:", 0, "r f", 0},
    {"it is pending", "r:R s:P", 0, "r s", 0},
    {"it is about to end", "r:R s:E", 0, "r s", 0},
    {"its port does not accept yet", "r:R s:p", 0, "r s", 0},
    {"its health is not known yet", "r:R s:H", 0, "r s", 0},
    {"one of its two tasks is ready", "r:R s:RP", 0, "r s", 0},
    {"of its two tasks one is seen", "r:R sw2:R", 0, "r s", 0},
    {"launch.health is not answered yet", "r:R s:q", 0, "r s", 0},
    {"it is slow, within the time", "r:R sm29:p", 0, "r s", 0},
    {"the old one is unhealthy meanwhile", "r:U s:P", 0, "r s", 0},
    {"the old one's other task ends meanwhile", "r:RL s:P", 0, "r s", 0},
    {"the old one ends meanwhile", "r:L s:P", 0, "x s", 1},
    {"the old one is told to stop meanwhile", "r:T s:P", 0, "x s", 1},
    {"the old one was never ready, but accepts", "s:U s:P", 0, "s s", 0},
    {"neither is ready: the one that served goes on", "s:p s:p", 0, "s s", 0},
    {"neither is ready for long: the newest is given all the time", "sm31:p sm31:p", 0, "f s", 0},
    {"neither is ready for long, but the old one accepts", "sm31:U sm31:p", 0, "s fX", 0},
    {"neither is ready, and nobody remembers: the newest", "s:p s:p", -1, "s s", 1},

    /* the switch */
    {"it becomes ready", "r:R s:R", 0, "d r", 1},
    {"the one that served was never ready, but had requests", "s:U s:R", 0, "d r", 1},
    {"the one before never was ready, nor served", "r:R s:P s:R", 0, "d dX r", 2},
    {"in the drain", "dt10:R r:R", 1, "d r", 1},
    {"a moment before its end", "dt29:R r:R", 1, "d r", 1},
    {"at its end", "dt30:R r:R", 1, "dX r", 1},
    {"long after its end", "dt3000:R r:R", 1, "dX r", 1},
    {"the clock was set back", "dt-50:R r:R", 1, "d r", 1},
    {"both of its tasks", "dt30:RR r:RR", 1, "dX r", 1},
    {"what is left of it is unhealthy", "dt30:U r:R", 1, "dX r", 1},
    {"it is gone", "dt31:T r:R", 1, "x r", 1},
    {"it is being stopped", "dt31:S r:R", 1, "x r", 1},
    {"at the drain's end the new one is unhealthy", "dt30:R r:U", 1, "d r", 1},
    {"at the drain's end the new one does not accept", "dt30:R r:p", 1, "d r", 1},
    {"at the drain's end one of the new one's tasks has ended", "dt30:R r:RL", 1, "d r", 1},
    {"in the drain the new one ends", "dt10:R r:L", 1, "r x", 0},
    {"in the drain the new one is told to stop", "dt10:R r:T", 1, "r x", 0},
    {"after the drain both are gone", "x:T r:L", 1, "x x", -1},

    /* a replacement that fails */
    {"it ends", "r:R s:L", 0, "r f", 0},
    {"one of its two ends, one is ready", "r:R s:RL", 0, "r fX", 0},
    {"one of its two ends, one is pending", "r:R s:PL", 0, "r fX", 0},
    {"it is unhealthy", "r:R s:U", 0, "r fX", 0},
    {"it is unhealthy, and the old one too", "r:U s:U", 0, "r fX", 0},
    {"it is too slow", "r:R sm31:p", 0, "r fX", 0},
    {"it is pending for too long", "r:R sm31:P", 0, "r fX", 0},
    {"it is too slow, and the old one is gone", "r:L sm31:p", 0, "x s", 1},
    {"it is too slow, and the old one never worked", "s:p sm31:p", 0, "s s", 0},
    {"it is told to stop", "r:R s:T", 0, "r x", 0},
    {"another copy says that it failed", "r:R s:F", 0, "r f", 0},
    {"it failed, and is still there", "r:R f:R", 0, "r fX", 0},
    {"it failed, and is being stopped", "r:R f:S", 0, "r f", 0},
    {"it failed, and the old one has ended since", "r:L f:R", 0, "x f", 1},
    {"it failed because nothing was seen; then there is a task", "r:R f:P", 0, "r fX", 0},

    /* several at once */
    {"a launch during a launch", "r:R s:P s:P", 0, "r s s", 0},
    {"the middle one is ready first", "r:R s:R s:P", 0, "d r s", 1},
    {"the newest is ready first", "r:R s:p s:R", 0, "d dX r", 2},
    {"both are ready at once", "r:R s:R s:R", 0, "d d r", 2},
    {"the middle one fails", "r:R s:L s:P", 0, "r f s", 0},
    {"the newest fails", "r:R s:P s:L", 0, "r s f", 0},
    {"the newest fails, the middle one is ready", "r:R s:R s:L", 0, "d r f", 1},
    {"all but the newest are drained", "dt30:R dt30:R r:R", 2, "dX dX r", 2},
    {"two drained, the newest ends: the next newest", "dt9:R dt5:R r:L", 2, "d r x", 1},
    {"five launches, the third is ready", "r:R s:P s:R s:P s:L", 0, "d dX r s f", 2},
    {"two that nobody has seen serve", "s:R s:R", -1, "d r", 1},
    {"all have failed", "f:L f:L f:L", 0, "f f f", -1},
    {"all have failed, one is left", "f:RL f:L f:L", 0, "f f f", 0},
    {"all are stopped", "x:T x:T", 1, "x x", -1},
};

/* What stands before the colon. Returns what follows it. */
static const char *parse_launch(const char *text, struct launch *l)
{
    const char *states = "srdfx";

    l->state = (enum launch_state)(strchr(states, *text) - states);
    if (l->state == LAUNCH_READY || l->state == LAUNCH_DRAINING)
        l->ready_at = NOW - 2 * MINUTE;
    for (text++; *text != ':';) {
        char what = *text++, *end;
        long number = strtol(text, &end, 10);
        text = end;
        if (what == 'w')
            l->n_wanted = (size_t)number;
        else if (what == 'm')
            l->at = NOW - number * MINUTE;
        else
            l->stale_at = NOW - number * SECOND;
    }
    text++;
    if (l->at == NOW - 5 * MINUTE && (*text == ' ' || !*text))
        l->at = NOW - 10 * SECOND; /* no task: it was asked for just now */
    return text;
}

static void ended(struct task *t, const char *reason)
{
    t->last_status = t->desired_status = "STOPPED";
    t->stopped_reason = reason;
}

/* A letter behind the colon. */
static void parse_task(char letter, struct task *t)
{
    switch (letter) {
    case 'P':
        t->last_status = "PENDING";
        t->n_ports = 0;
        break;
    case 'u':
        t->health = TASK_UNHEALTHY;
        t->ports->ready = t->ports->answers = false;
        break;
    case 'p':
        t->ports->ready = t->ports->answers = false;
        break;
    case 'q':
        t->ports->answers = false;
        break;
    case 'H':
        t->health = TASK_HEALTH_UNKNOWN;
        break;
    case 'L':
        ended(t, "Essential container in task exited");
        break;
    case 'E':
        t->desired_status = "STOPPED";
        t->stopped_reason = "Essential container in task exited";
        break;
    case 'T':
        ended(t, STOP_REQUESTED);
        break;
    case 'S':
        t->desired_status = "STOPPED";
        t->stopped_reason = STOP_REQUESTED;
        break;
    case 'F':
        ended(t, STOP_FAILED ": for a test");
        break;
    default:
        t->health = letter == 'R' ? TASK_NO_CHECK : TASK_UNHEALTHY;
    }
}

/* What a text comes to: launches and tasks that live as long as the arena. */
static size_t parse(const char *text, struct launch_seen *seen, struct arena *a)
{
    const struct task_port port = {.container = "app",
                                   .container_port = 80,
                                   .address = "10.0.0.1",
                                   .port = 80,
                                   .ready = true,
                                   .answers = true};
    size_t n = 0;

    while (*text) {
        struct launch *l = arena_alloc(a, sizeof *l);
        struct task *tasks = arena_array(a, AT_MOST, sizeof *tasks);
        size_t n_tasks = 0;
        *l = (struct launch){.id = arena_printf(a, "%zu", n),
                             .subdomain = "x",
                             .at = NOW - 5 * MINUTE,
                             .by = "",
                             .request = "",
                             .reason = ""};
        for (text = parse_launch(text, l); *text && *text != ' '; text++) {
            struct task *t = &tasks[n_tasks++];
            *t = plain_task(arena_printf(a, "%zu-%zu", n, n_tasks), "x");
            t->launch = l->id;
            t->ports = arena_alloc(a, sizeof port);
            *t->ports = port;
            t->n_ports = 1;
            parse_task(*text, t);
        }
        seen[n++] = (struct launch_seen){l, tasks, n_tasks};
        text += *text == ' ';
    }
    return n;
}

static const char *describe(const struct launch_verdict *v, size_t n, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = arena_printf(a, "%s%s%c%s", text, i ? " " : "", "srdfx"[v[i].state],
                            v[i].stop ? "X" : "");
    return text;
}

static void each_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct situation *s = &table[i];
        struct launch_seen seen[AT_MOST];
        struct launch_verdict v[AT_MOST];
        struct arena a = {0};
        size_t n = parse(s->launches, seen, &a);
        const char *serving = s->serving >= 0 ? seen[s->serving].launch->id : NULL;
        size_t serves = launch_decide(seen, n, serving, &rules, NOW, &a, v);
        size_t wanted = s->serves < 0 ? LAUNCH_NONE : (size_t)s->serves;

        if (strcmp(describe(v, n, &a), s->wanted) != 0 || serves != wanted)
            fail_msg("%s: %s: expected %s and %d, got %s and %d", s->name, s->launches, s->wanted,
                     s->serves, describe(v, n, &a), serves == LAUNCH_NONE ? -1 : (int)serves);
        for (size_t k = 0; k < n; k++)
            if (v[k].state == LAUNCH_FAILED && seen[k].launch->state != LAUNCH_FAILED)
                assert_true(*v[k].reason);
        arena_free(&a);
    }
}

/* --- any history ------------------------------------------------------------------------------ */

#define COPIES   3
#define LAUNCHES 6
#define TASKS    2
#define STEPS    60

/* What runs, as it is. */
struct world {
    struct launch launches[LAUNCHES];
    struct task tasks[LAUNCHES][TASKS];
    struct task_port ports[LAUNCHES][TASKS];
    size_t n_tasks[LAUNCHES];
    size_t n;
    int64_t now;
};

/* What a copy of mirage-ecs remembers. It looks at the world when it acts. */
struct copy {
    struct launch launches[LAUNCHES];
    size_t n; /* how many it has heard of */
    char serving[8];
};

static uint32_t dice;

static uint32_t roll(uint32_t sides)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % sides;
}

static void add_launch(struct world *w)
{
    size_t i = w->n++;
    static const char *const ids[] = {"0", "1", "2", "3", "4", "5"};

    w->launches[i] = (struct launch){
        .id = ids[i], .subdomain = "x", .at = w->now, .by = "", .request = "", .reason = ""};
    w->n_tasks[i] = 1 + roll(TASKS);
    for (size_t k = 0; k < w->n_tasks[i]; k++) {
        w->ports[i][k] = (struct task_port){.container_port = 80, .answers = true};
        w->tasks[i][k] = plain_task(ids[i], "x");
        w->tasks[i][k].last_status = "PENDING";
        w->tasks[i][k].ports = &w->ports[i][k];
        w->tasks[i][k].n_ports = 1;
    }
}

static void end_task(struct task *t, const char *why)
{
    t->last_status = t->desired_status = "STOPPED";
    t->stopped_reason = why;
}

/* Something happens to a task that is there. */
static void happen(struct world *w)
{
    size_t i = roll((uint32_t)w->n), k = roll((uint32_t)w->n_tasks[i]);
    struct task *t = &w->tasks[i][k];
    uint32_t what = roll(20);

    if (!task_is_live(t))
        return;
    if (what < 8)
        t->last_status = "RUNNING";
    else if (what < 15)
        w->ports[i][k].ready = true;
    else if (what < 16)
        w->ports[i][k].ready = false;
    else if (what < 18)
        t->health = what == 16 ? TASK_UNHEALTHY : TASK_HEALTHY;
    else if (what == 18)
        end_task(t, "Essential container in task exited");
}

static size_t live_of(const struct world *w, size_t i)
{
    size_t n = 0;

    for (size_t k = 0; k < w->n_tasks[i]; k++)
        n += task_is_live(&w->tasks[i][k]);
    return n;
}

static bool is_ready(const struct world *w, size_t i)
{
    for (size_t k = 0; k < w->n_tasks[i]; k++)
        if (!task_is_ready(&w->tasks[i][k]))
            return false;
    return true;
}

/* One look of a copy, and what it does. */
static void look(struct world *w, struct copy *c)
{
    struct launch_seen seen[LAUNCHES];
    struct launch_verdict v[LAUNCHES];
    struct arena a = {0};
    size_t serves;

    for (; c->n < w->n; c->n++)
        c->launches[c->n] = w->launches[c->n];
    for (size_t i = 0; i < c->n; i++)
        seen[i] = (struct launch_seen){&c->launches[i], w->tasks[i], w->n_tasks[i]};
    serves = launch_decide(seen, c->n, *c->serving ? c->serving : NULL, &rules, w->now, &a, v);
    if (serves != LAUNCH_NONE)
        strcpy(c->serving, c->launches[serves].id);
    for (size_t i = 0; i < c->n; i++) {
        bool another = false;
        for (size_t k = 0; k < w->n; k++)
            another = another || (k != i && is_ready(w, k));
        if (v[i].stop && is_ready(w, i) && !another)
            fail_msg("a ready set is stopped while no other is: %s", v[i].stop_reason);
        for (size_t k = 0; v[i].stop && k < w->n_tasks[i]; k++)
            if (task_is_live(&w->tasks[i][k]))
                end_task(&w->tasks[i][k], i < serves ? STOP_REPLACED : STOP_FAILED);
        c->launches[i].state = v[i].state;
        c->launches[i].ready_at = v[i].ready_at;
        c->launches[i].stale_at = v[i].stale_at;
        c->launches[i].reason = v[i].state == LAUNCH_FAILED ? "failed" : "";
    }
    arena_free(&a);
}

/* What there is, as in the table. */
static const char *story(const struct world *w, const struct copy *c)
{
    static char text[200];
    char *p = text;

    for (size_t i = 0; i < w->n; i++) {
        p += sprintf(p, "%c:", "srdfx"[c->launches[i].state]);
        for (size_t k = 0; k < w->n_tasks[i]; k++) {
            const struct task *t = &w->tasks[i][k];
            *p++ = !task_is_live(t)                         ? 'T'
                   : strcmp(t->last_status, "RUNNING") != 0 ? 'P'
                   : t->health == TASK_UNHEALTHY            ? (t->ports->ready ? 'U' : 'u')
                   : t->ports->ready                        ? 'R'
                                                            : 'p';
        }
        *p++ = ' ';
    }
    sprintf(p, "serving %s", c->serving);
    return text;
}

/* In the end one set is left, and all copies say so. */
static void ends_well(struct world *w, struct copy *copies)
{
    size_t left = LAUNCH_NONE, n = 0;

    for (int turn = 0; turn < 45; turn++) {
        w->now += 5 * MINUTE;
        for (size_t c = 0; c < COPIES; c++)
            look(w, &copies[c]);
    }
    for (size_t i = 0; i < w->n; i++)
        if (live_of(w, i) > 0) {
            left = i;
            n++;
        }
    if (n > 1)
        fail_msg("%zu sets are left: %s", n, story(w, &copies[0]));
    for (size_t c = 0; n == 1 && c < COPIES; c++)
        assert_string_equal(copies[c].serving, w->launches[left].id);
}

static void any_history(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 100000; seed++) {
        struct world w = {.now = NOW};
        struct copy copies[COPIES] = {0};
        dice = seed * 2654435761u + 1;
        add_launch(&w);
        for (int step = 0; step < STEPS; step++) {
            w.now += roll(20) * SECOND;
            if (roll(12) == 0 && w.n < LAUNCHES)
                add_launch(&w);
            happen(&w);
            if (roll(2))
                look(&w, &copies[roll(COPIES)]);
        }
        ends_well(&w, copies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case),
        cmocka_unit_test(any_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
