/* The decision of a purge: a table of cases, and what must hold in any situation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "access_counts.h"
#include "aws/cloudwatch.h"
#include "purge_decision.h"
#include "regex.h"

#define TEST(name)   cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NOW          1800000000000LL
#define HOUR         3600
#define OLD          (NOW - 2 * HOUR * 1000LL)
#define YOUNG        (NOW - 600 * 1000LL)
#define EDGE         (NOW - HOUR * 1000LL) /* started exactly as long ago as the duration */
#define TAG(k, v)    "[{\"Key\":\"" k "\",\"Value\":\"" v "\"}]"

/* One environment of up to three tasks, an hour's duration, and what must come of it. */
struct situation {
    const char *name;
    int64_t started[3]; /* -1: no such task; 0: not started yet */
    int64_t accesses;   /* -1: no count at all */
    const char *unknown;
    const char *exclude, *tag, *regexp;
    const char *tags; /* of the last task */
    const char *subdomain;
    bool stop;
    const char *reason; /* how it begins */
    int64_t max_age_s;
};

#define ONE(at)                                                                                    \
    {                                                                                              \
        at, -1, -1                                                                                 \
    }

static const struct situation table[] = {
    /* age and use */
    {"old and idle", ONE(OLD), 0, .stop = true, .reason = "not accessed"},
    {"old and used once", ONE(OLD), 1, .reason = "1 accesses"},
    {"old and used a lot", ONE(OLD), 1000000000000, .reason = "1000000000000 accesses"},
    {"young and idle", ONE(YOUNG), 0, .reason = "started within"},
    {"young and used", ONE(YOUNG), 5, .reason = "started within"},
    {"exactly as old as the duration", ONE(EDGE), 0, .reason = "started within"},
    {"a millisecond older", ONE(EDGE - 1), 0, .stop = true, .reason = "not accessed"},
    {"a millisecond younger", ONE(EDGE + 1), 0, .reason = "started within"},
    {"started now", ONE(NOW), 0, .reason = "started within"},
    {"started in the future", ONE(NOW + 5000), 0, .reason = "started within"},
    {"started long in the future", ONE(NOW + 86400000), 0, .reason = "started within"},
    {"not started yet", ONE(0), 0, .reason = "still starting"},
    {"not started yet, and used", ONE(0), 7, .reason = "still starting"},
    {"started at the beginning of time", ONE(1), 0, .stop = true, .reason = "not accessed"},

    /* counts that are not known */
    {"no count", ONE(OLD), -1, .reason = "how often it was used is not known"},
    {"incomplete and zero", ONE(OLD), 0, "gaps",
     .reason = "how often it was used is not known: gaps"},
    {"incomplete, but used", ONE(OLD), 3, "gaps", .reason = "3 accesses"},
    {"no count and young", ONE(YOUNG), -1, .reason = "started within"},
    {"incomplete and young", ONE(YOUNG), 0, "gaps", .reason = "started within"},
    {"incomplete and excluded", ONE(OLD), 0, "gaps", .exclude = "env",
     .reason = "excluded by name"},
    {"an empty reason is a reason", ONE(OLD), 0, "",
     .reason = "how often it was used is not known"},

    /* a longest time */
    {"older, and used", ONE(OLD), 5, .stop = true, .reason = "it has run for longer",
     .max_age_s = 7199},
    {"as old, and used", ONE(OLD), 5, .reason = "5 accesses", .max_age_s = 7200},
    {"older, and excluded", ONE(OLD), 5, .exclude = "env", .reason = "excluded by name",
     .max_age_s = 7199},
    {"older, and not known", ONE(OLD), -1, .stop = true, .reason = "it has run for longer",
     .max_age_s = 7199},
    {"older than that, but not than the duration", ONE(YOUNG), 0, .stop = true,
     .reason = "it has run for longer", .max_age_s = 300},
    {"launched again lately", {OLD, YOUNG, -1}, 0, .reason = "started within", .max_age_s = 7199},

    /* several tasks */
    {"two old ones", {OLD, OLD, -1}, 0, .stop = true, .reason = "not accessed"},
    {"three old ones", {OLD, OLD, OLD}, 0, .stop = true, .reason = "not accessed"},
    {"one of two young", {OLD, YOUNG, -1}, 0, .reason = "started within"},
    {"the first of two young", {YOUNG, OLD, -1}, 0, .reason = "started within"},
    {"one of three young", {OLD, OLD, YOUNG}, 0, .reason = "started within"},
    {"one of two starting", {OLD, 0, -1}, 0, .reason = "still starting"},
    {"one of two at the edge", {OLD, EDGE, -1}, 0, .reason = "started within"},
    {"two old ones, used", {OLD, OLD, -1}, 2, .reason = "2 accesses"},
    {"two old ones, not known", {OLD, OLD, -1}, -1, .reason = "how often"},

    /* names */
    {"excluded", ONE(OLD), 0, .exclude = "env", .reason = "excluded by name"},
    {"another excluded", ONE(OLD), 0, .exclude = "env2", .stop = true, .reason = "not accessed"},
    {"a part of the name", ONE(OLD), 0, .exclude = "en", .stop = true, .reason = "not accessed"},
    {"an empty name", ONE(OLD), 0, .exclude = "", .stop = true, .reason = "not accessed"},
    {"another case", ONE(OLD), 0, .exclude = "ENV", .reason = "excluded by name"},
    {"excluded by a pattern", ONE(OLD), 0, .exclude = "e*", .reason = "excluded by name"},
    {"excluded by a ?", ONE(OLD), 0, .exclude = "en?", .reason = "excluded by name"},
    {"excluded by a class", ONE(OLD), 0, .exclude = "[a-f]nv", .reason = "excluded by name"},
    {"a pattern that does not match", ONE(OLD), 0, .exclude = "x*", .stop = true, .reason = "not"},
    {"a malformed pattern", ONE(OLD), 0, .exclude = "en[", .stop = true, .reason = "not accessed"},
    {"a pattern's own name", ONE(OLD), 0, .subdomain = "foo-*", .exclude = "foo-*",
     .reason = "excluded by name"},
    {"a malformed pattern's own name", ONE(OLD), 0, .subdomain = "foo-[", .exclude = "foo-[",
     .reason = "excluded by name"},
    {"a pattern that another's name matches", ONE(OLD), 0, .subdomain = "foo-*", .exclude = "foo-1",
     .stop = true, .reason = "not accessed"},
    {"everything", ONE(OLD), 0, .exclude = "*", .reason = "excluded by name"},
    {"excluded and used", ONE(OLD), 9, .exclude = "env", .reason = "excluded by name"},
    {"excluded and young", ONE(YOUNG), 0, .exclude = "env", .reason = "started within"},

    /* regular expressions */
    {"excluded by regexp", ONE(OLD), 0, .regexp = "^e", .reason = "excluded by exclude_regexp"},
    {"in the middle", ONE(OLD), 0, .regexp = "n", .reason = "excluded by exclude_regexp"},
    {"no match", ONE(OLD), 0, .regexp = "^n", .stop = true, .reason = "not accessed"},
    {"an empty one", ONE(OLD), 0, .regexp = "", .stop = true, .reason = "not accessed"},
    {"one that takes too long", ONE(OLD), 0, .regexp = "^(a+)+$",
     .subdomain = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
     .reason = "exclude_regexp took too long"},

    /* tags */
    {"tag", ONE(OLD), 0, .tag = "team:a", .tags = TAG("team", "a"),
     .reason = "excluded by its tag team:a"},
    {"another value", ONE(OLD), 0, .tag = "team:b", .tags = TAG("team", "a"), .stop = true,
     .reason = "not"},
    {"another key", ONE(OLD), 0, .tag = "tea:a", .tags = TAG("team", "a"), .stop = true,
     .reason = "not"},
    {"a value with a colon", ONE(OLD), 0, .tag = "url:http://x", .tags = TAG("url", "http://x"),
     .reason = "excluded by its tag"},
    {"a key with a colon", ONE(OLD), 0, .tag = "aws:x:y", .tags = TAG("aws:x", "y"),
     .reason = "excluded by its tag"},
    {"a part of the value", ONE(OLD), 0, .tag = "team:a", .tags = TAG("team", "ab"), .stop = true,
     .reason = "not accessed"},
    {"an empty value", ONE(OLD), 0, .tag = "team:", .tags = TAG("team", ""),
     .reason = "excluded by its tag"},
    {"an empty value, and the tag has one", ONE(OLD), 0, .tag = "team:", .tags = TAG("team", "a"),
     .stop = true, .reason = "not accessed"},
    {"a tag of one of two tasks",
     {OLD, OLD, -1},
     0,
     .tag = "team:a",
     .tags = TAG("team", "a"),
     .reason = "excluded by its tag"},
    {"no tags at all", ONE(OLD), 0, .tag = "team:a", .stop = true, .reason = "not accessed"},
    {"tags that are no JSON", ONE(OLD), 0, .tag = "team:a", .tags = "{", .stop = true,
     .reason = "not"},
    {"a tag without a value", ONE(OLD), 0, .tag = "team:a", .tags = "[{\"Key\":\"team\"}]",
     .stop = true, .reason = "not accessed"},
    {"a tag that is no object", ONE(OLD), 0, .tag = "team:a", .tags = "[1,null]", .stop = true,
     .reason = "not accessed"},
    {"a tag that ECS could not have so", ONE(OLD), 0, .tag = "branch:fix/#1 \u00fc\U0001f600",
     .tags = TAG("branch", "fix/_1 __"), .reason = "excluded by its tag"},
    {"a tag that is shorter", ONE(OLD), 0, .tag = "branch:a_", .tags = TAG("branch", "a__"),
     .stop = true, .reason = "not accessed"},
    {"tagged and used", ONE(OLD), 4, .tag = "team:a", .tags = TAG("team", "a"),
     .reason = "excluded"},
    {"another case of the tag", ONE(OLD), 0, .tag = "Team:a", .tags = TAG("team", "a"),
     .stop = true, .reason = "not accessed"},
};

static struct purge_rules rules_of(const struct situation *s)
{
    struct purge_input input = {.duration = "3600",
                                .excludes = s->exclude ? &s->exclude : NULL,
                                .n_excludes = !!s->exclude,
                                .exclude_tags = s->tag ? &s->tag : NULL,
                                .n_exclude_tags = !!s->tag,
                                .exclude_regexp = s->regexp};
    struct purge_rules rules;
    struct err e;

    if (purge_rules_check(&input, &rules, &e) < 0)
        fail_msg("%s: %s", s->name, e.text);
    rules.max_age_s = s->max_age_s;
    return rules;
}

static void a_table(void **state)
{
    (void)state;
    assert_true(COUNT(table) >= 60);
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct situation *s = &table[i];
        struct arena a = {0};
        struct task items[3];
        struct task_list tasks = {.items = items};
        const char *subdomain = s->subdomain ? s->subdomain : "env";
        struct purge_count count = {subdomain, s->unknown, s->accesses};
        struct purge_rules rules = rules_of(s);
        struct purge_decision *decisions;
        for (; tasks.len < 3 && s->started[tasks.len] >= 0; tasks.len++)
            items[tasks.len] = (struct task){
                .subdomain = subdomain, .started_at = s->started[tasks.len], .tags = "[]"};
        if (s->tags)
            items[tasks.len - 1].tags = s->tags;
        assert_int_equal(
            purge_decide(&tasks, &count, s->accesses >= 0, &rules, NOW, &a, &decisions), 1);
        if (decisions[0].stop != s->stop ||
            strncmp(decisions[0].reason, s->reason, strlen(s->reason)) != 0)
            fail_msg("%s: %s, because: %s", s->name, decisions[0].stop ? "stop" : "keep",
                     decisions[0].reason);
        purge_rules_free(&rules);
        arena_free(&a);
    }
}

/* --- any situation -----------------------------------------------------------------------------
 */

static uint64_t seed = 88172645463325252ULL;

static uint64_t chance(uint64_t below) /* xorshift */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

#define ENVIRONMENTS 6

/* An environment as it is, from which CloudWatch's answer is made. */
struct truth {
    char subdomain[16];
    bool young, used_within, reported, excluded;
};

/* Accesses in whole minutes, as they are reported, and the sum of those that the window asks for.
 */
static int64_t simulate(struct truth *t, const struct metric_window *w, int64_t now,
                        int64_t duration_ms)
{
    size_t n = chance(4);
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t at = now - (int64_t)chance((uint64_t)(3 * duration_ms)), minute = at - at % 60000;
        t->used_within = t->used_within || at >= now - duration_ms;
        sum += minute >= w->start_ms && minute < w->end_ms;
    }
    return sum;
}

static void one_situation(void)
{
    struct arena a = {0};
    struct truth truths[ENVIRONMENTS];
    struct task items[3 * ENVIRONMENTS];
    struct purge_count counts[ENVIRONMENTS];
    struct task_list tasks = {.items = items};
    int64_t duration = 300 + (int64_t)chance(40 * 86400), now = NOW + (int64_t)chance(86400000);
    struct metric_window w = access_window(now, duration);
    const char *exclude = "env-3";
    struct purge_rules rules = {
        .duration_s = duration, .excludes = &exclude, .n_excludes = chance(2), .regexp = ""};
    struct purge_decision *decisions;
    size_t n_counts = 0, n;

    for (size_t i = 0; i < ENVIRONMENTS; i++) {
        struct truth *t = &truths[i];
        int64_t sum;
        *t = (struct truth){.reported = chance(4) != 0, .excluded = i == 3 && rules.n_excludes};
        snprintf(t->subdomain, sizeof t->subdomain, "env-%zu", i);
        for (uint64_t k = chance(3) + 1; k > 0; k--) {
            int64_t started =
                chance(10) == 0 ? 0 : now - (int64_t)chance((uint64_t)duration * 3000);
            t->young = t->young || started == 0 || now - started <= duration * 1000;
            items[tasks.len++] =
                (struct task){.subdomain = t->subdomain, .started_at = started, .tags = "[]"};
        }
        sum = simulate(t, &w, now, duration * 1000);
        if (chance(8) == 0)
            t->reported = false; /* no entry at all */
        else
            counts[n_counts++] =
                (struct purge_count){t->subdomain, t->reported ? NULL : "gaps", sum};
    }
    n = purge_decide(&tasks, counts, n_counts, &rules, now, &a, &decisions);
    assert_int_equal(n, ENVIRONMENTS);
    for (size_t i = 0; i < n; i++) {
        const struct truth *t = &truths[i];
        assert_string_equal(decisions[i].subdomain, t->subdomain);
        assert_true(*decisions[i].reason);
        if (decisions[i].stop)
            assert_false(t->young || t->used_within || !t->reported || t->excluded);
    }
    arena_free(&a);
}

static void nothing_in_use_is_ever_stopped(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++)
        one_situation();
}

/* --- the window --------------------------------------------------------------------------------
 */

static void windows(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        int64_t duration = 300 + (int64_t)chance(455 * 86400LL),
                now = NOW + (int64_t)chance(1000000000);
        struct metric_window w = access_window(now, duration);
        int64_t period_ms = w.period_s * 1000;
        assert_true(w.start_ms <= now - duration * 1000 && w.end_ms > now);
        assert_int_equal(w.start_ms % period_ms, 0);
        assert_int_equal(w.end_ms % period_ms, 0);
        assert_int_equal(w.period_s % 60, 0);
        if (now - w.start_ms > 15 * 86400000LL)
            assert_int_equal(w.period_s % 300, 0);
        if (now - w.start_ms > 63 * 86400000LL)
            assert_int_equal(w.period_s % 3600, 0);
        assert_true((w.end_ms - w.start_ms) / period_ms * CLOUDWATCH_QUERIES_A_CALL <= 100800);
        assert_true(access_window_due(&w) >= 1);
        assert_true(w.start_ms + (int64_t)access_window_due(&w) * period_ms <= w.due_ms);
    }
}

/* A duration that is longer than all time asks for all there is. */
static void window_of_ever(void **state)
{
    static const int64_t durations[] = {NOW / 1000 - 1, NOW / 1000, NOW / 1000 + 1, 99999999999,
                                        999999999999};

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        struct metric_window w = access_window(NOW, durations[i]);
        assert_int_equal(w.start_ms, 0);
        assert_true(w.period_s <= INT32_MAX); /* an integer of AWS's */
        assert_true(w.end_ms > NOW);
        assert_int_equal(w.end_ms % (w.period_s * 1000), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table),
        TEST(nothing_in_use_is_ever_stopped),
        TEST(windows),
        TEST(window_of_ever),
    };
    return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
