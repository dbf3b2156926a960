/* Launch and terminate: what is accepted and what is said of the rest, and what the runner is asked
 * to do, in which order, with a runner that notes it and fails when told to. */
#include "environment.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "regex.h"
#include "store/store_environment.h"
#include "store/store_task.h"

#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct db *db;
static struct arena arena;
static struct err e;

/* --- what is accepted ------------------------------------------------------------------------- */

/* The values given, `name`, `value` by turns. */
static const char *value_in(void *ctx, const char *parameter)
{
    for (const char *const *p = ctx; p && *p; p += 2)
        if (!strcmp(p[0], parameter))
            return p[1];
    return NULL;
}

static struct config_parameter parameters[] = {
    {.name = "branch", .env = "GIT_BRANCH", .rule = "", .default_value = "", .required = true},
    {.name = "nick", .env = "NICK", .rule = "^[a-z]+$", .default_value = ""},
    {.name = "size", .env = "SIZE", .rule = "[0-9]", .default_value = "m1", .required = true},
    {.name = "slow", .env = "SLOW", .rule = "^(a|aa)+$", .default_value = ""},
};
static struct config config = {.parameters = parameters, .n_parameters = COUNT(parameters)};

static int compile_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parameters); i++)
        if (*parameters[i].rule &&
            regex_compile(&parameters[i].compiled, parameters[i].rule, &e) < 0)
            return -1;
    return 0;
}

static int free_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parameters); i++)
        regex_free(parameters[i].compiled);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* "" when it is accepted, else the sentence. */
static const char *check(const char *subdomain, const char *const *values,
                         const char *const *taskdefs, struct launch_request *request)
{
    struct launch_input input = {
        .subdomain = subdomain,
        .taskdefs = taskdefs,
        .value = value_in,
        .ctx = (void *)(uintptr_t)values,
    };

    while (taskdefs && taskdefs[input.n_taskdefs])
        input.n_taskdefs++;
    e = (struct err){0};
    if (environment_check(&config, &input, &arena, request, &e) == 0)
        return "";
    assert_int_equal(e.kind, ERR_INVALID);
    return e.text;
}

static const char *const app[] = {"app", NULL};
static const char *const branch[] = {"branch", "topic/x", NULL};

static void accepts(void **state)
{
    static const char *const defs[] = {"", "app", "dev_x-1:756",
                                       "arn:aws:ecs:ap-northeast-1:1:task-definition/a:3", NULL};
    static const char *const values[] = {"branch", "feature/cool", "nick", "", "size", "x9", NULL};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("Cool-FEATURE", values, defs, &r), "");
    assert_string_equal(r.subdomain, "cool-feature");
    assert_int_equal(r.n_taskdefs, 3); /* an empty one is none */
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(r.taskdefs[i], defs[i + 1]);
    assert_int_equal(r.n_params, 2); /* nick was not given */
    assert_string_equal(r.params[0].name, "branch");
    assert_string_equal(r.params[0].env, "GIT_BRANCH");
    assert_string_equal(r.params[0].value, "feature/cool");
    assert_string_equal(r.params[1].name, "size");
    assert_string_equal(r.params[1].value, "x9");

    assert_string_equal(check("ab", branch, app, &r), "");
    assert_int_equal(r.n_params, 2);
    assert_string_equal(r.params[1].value, "m1"); /* the default */
}

#define X10 "abcdefghij"
#define X60 X10 X10 X10 X10 X10 X10

static void subdomains(void **state)
{
    static const char *const good[] = {"ab",  "a1",       "a-b",    "a--b",       "b15",    "www*",
                                       "a*",  "*-a",      "[a-z]x", "api-?-test", "**",     "??",
                                       "*a*", "foo[0-9]", "a]",     "?*",         X60 "abc"};
    static const struct {
        const char *subdomain, *message;
    } bad[] = {
        {NULL, "subdomain is empty"},
        {"", "subdomain is empty"},
        {"a", "subdomain is too short"},
        {"-", "subdomain is too short"},
        {X60 "abcd", "subdomain is too long"},
        {X60 X60 X60 X60 X60, "subdomain is too long"},
        {"1a", "subdomain 1a includes invalid characters"},
        {"-a", "subdomain -a includes invalid characters"},
        {"a-", "subdomain a- includes invalid characters"},
        {"a_b", "subdomain a_b includes invalid characters"},
        {"a.b", "subdomain a.b includes invalid characters"},
        {"a b", "subdomain a b includes invalid characters"},
        {"ab\n", "subdomain ab\n includes invalid characters"},
        {"a/b", "subdomain a/b includes invalid characters"},
        {"a\\b", "subdomain a\\b includes invalid characters"},
        {"A_B", "subdomain a_b includes invalid characters"},
        {"\xc3\xa9\xc3\xa9", "subdomain \xc3\xa9\xc3\xa9 includes invalid characters"},
        {"foo[!0]", "subdomain foo[!0] includes invalid characters"},
        {"foo[^0]", "subdomain foo[^0] includes invalid characters"}, /* as the reference has it */
    };
    static const char *const malformed[] = {"a[", "[a", "a[]", "[]a]", "a[b-]", "*["};
    struct launch_request r;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (*check(good[i], branch, app, &r))
            fail_msg("%s: %s", good[i], e.text);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_string_equal(check(bad[i].subdomain, branch, app, &r), bad[i].message);
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (!*check(malformed[i], branch, app, &r))
            fail_msg("accepted: %s", malformed[i]);
}

/* n times `character`, to be freed with the arena. */
static const char *repeated(const char *character, size_t n)
{
    char *text = arena_alloc(&arena, n * strlen(character) + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * strlen(character), character, strlen(character));
    return text;
}

static void parameter_values(void **state)
{
    const struct {
        const char *values[8];
        const char *message;
    } cases[] = {
        {{"nick", "abc"}, "lack require parameter: branch"},
        {{"branch", ""}, "lack require parameter: branch"},
        {{"branch", "x", "size", ""}, ""}, /* the default counts */
        {{"branch", "x", "nick", "ABC"}, "parameter nick value is rule error"},
        {{"branch", "x", "nick", "abc\n"}, "parameter nick value is rule error"},
        {{"branch", "x", "size", "large"}, "parameter size value is rule error"},
        {{"branch", "x", "size", "x-4-y"}, ""}, /* anywhere */
        {{"branch", "x", "slow", repeated("a", 60)}, ""},
        {{"branch", "x", "slow", arena_printf(&arena, "%s!", repeated("a", 60))},
         "parameter slow value is rule error"},
        {{"branch", repeated("x", 255)}, ""},
        {{"branch", repeated("x", 256)},
         "parameter branch value is too long (at most 255 characters)"},
        {{"branch", "x", "nick", repeated("A", 256)}, /* a rule never sees it */
         "parameter nick value is too long (at most 255 characters)"},
        {{"branch", repeated("\xe6\x97\xa5", 255)}, ""}, /* characters, not bytes */
        {{"branch", repeated("\xe6\x97\xa5", 256)},
         "parameter branch value is too long (at most 255 characters)"},
        {{"branch", repeated("\xf0\x9f\x98\x80", 255)}, ""},
        {{"branch", "x", "unknown", "ignored"}, ""},
    };
    struct launch_request r;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(check("ab", cases[i].values, app, &r), cases[i].message);
}

static void taskdefs(void **state)
{
    static const char *const none[] = {NULL}, *const empty[] = {"", "", NULL},
                             *const odd[] = {"app", "a b", NULL}, *const shell[] = {"$(x)", NULL};
    const char *many[52] = {0};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("Ab", branch, none, &r),
                        "parameter required: subdomain=ab, taskdef=[]");
    assert_string_equal(check("ab", branch, empty, &r),
                        "parameter required: subdomain=ab, taskdef=[]");
    assert_string_equal(check("ab", branch, odd, &r),
                        "taskdef a b is not a task definition's name");
    assert_string_equal(check("ab", branch, shell, &r),
                        "taskdef $(x) is not a task definition's name");
    for (size_t i = 0; i < 50; i++)
        many[i] = "app";
    assert_string_equal(check("ab", branch, many, &r), "");
    assert_int_equal(r.n_taskdefs, 50);
    many[50] = "app";
    assert_string_equal(check("ab", branch, many, &r), "more than 50 task definitions");
}

static void order_of_the_checks(void **state)
{
    static const char *const wrong[] = {"nick", "A", NULL};
    static const char *const none[] = {NULL};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("1", wrong, none, &r), "subdomain is too short");
    assert_string_equal(check("ab", wrong, none, &r), "lack require parameter: branch");
}

static void all_problems(void **state)
{
    static const char *const wrong[] = {"nick", "A", "size", "x", NULL};
    struct launch_input input = {.subdomain = "1A", .value = value_in};
    struct launch_problem *problems;

    (void)state;
    input.ctx = (void *)(uintptr_t)wrong;
    assert_int_equal(environment_problems(&config, &input, &arena, &problems), 5);
    assert_string_equal(problems[0].field, "subdomain");
    assert_string_equal(problems[0].message, "subdomain 1a includes invalid characters");
    assert_string_equal(problems[1].field, "taskdef");
    assert_string_equal(problems[1].message, "parameter required: subdomain=1a, taskdef=[]");
    assert_string_equal(problems[2].field, "branch");
    assert_string_equal(problems[2].message, "lack require parameter: branch");
    assert_string_equal(problems[3].field, "nick");
    assert_string_equal(problems[3].message, "parameter nick value is rule error");
    assert_string_equal(problems[4].field, "size");
    input = (struct launch_input){.subdomain = "ab",
                                  .taskdefs = app,
                                  .n_taskdefs = 1,
                                  .value = value_in,
                                  .ctx = (void *)(uintptr_t)branch};
    assert_int_equal(environment_problems(&config, &input, &arena, &problems), 0);
}

/* --- a runner that notes ---------------------------------------------------------------------- */

struct fake {
    struct runner runner;
    struct buf calls;        /* "stop ARN; launch SUBDOMAIN TASKDEF TASKDEF; " */
    const char *fails;       /* taskdefs that are refused: " a b " */
    const char *stop_reason; /* of the last stop */
    const char *stop_fails;  /* the ARN that cannot be stopped; "" for any */
    const char *none;        /* what no launch is possible for */
    int n_tasks;
    bool live_at_launch; /* a task of the subdomain was live in the view when launch was called */
    pthread_mutex_t lock;
    int inside, most_inside;
};

static struct fake fake;

static struct task fake_task(struct arena *a, const struct launch_request *request,
                             const char *taskdef)
{
    const char *id = arena_printf(a, "id%d", ++fake.n_tasks);
    struct task t = plain_task(id, request->subdomain);

    t.arn = arena_printf(a, "arn:%s", id);
    t.taskdef = taskdef;
    t.last_status = "PROVISIONING";
    t.created_at = 1;
    t.started_at = 0;
    return t;
}

static int fake_launch(struct runner *r, const struct launch_request *request, struct arena *a,
                       struct launch_result *results, struct err *error)
{
    struct task_list live;

    (void)r;
    if (db) {
        assert_int_equal(store_task_of(db, request->subdomain, TASK_RUNNING, a, &live, error), 0);
        fake.live_at_launch = live.len > 0;
    }
    buf_printf(&fake.calls, "launch %s", request->subdomain);
    for (size_t i = 0; i < request->n_taskdefs; i++)
        buf_printf(&fake.calls, " %s", request->taskdefs[i]);
    buf_str(&fake.calls, "; ");
    if (fake.none)
        return err_set(error, ERR_REFUSED, "%s", fake.none);
    for (size_t i = 0; i < request->n_taskdefs; i++) {
        const char *name = request->taskdefs[i];
        results[i] = (struct launch_result){.taskdef = name};
        if (strstr(fake.fails, arena_printf(a, " %s ", name)))
            results[i].error = arena_printf(a, "no %s here", name);
        else
            results[i].task = fake_task(a, request, name);
    }
    return 0;
}

static int fake_stop(struct runner *r, const char *arn, const char *reason, struct err *error)
{
    (void)r;
    fake.stop_reason = reason;
    buf_printf(&fake.calls, "stop %s; ", arn);
    if (fake.stop_fails && (!*fake.stop_fails || !strcmp(fake.stop_fails, arn)))
        return err_set(error, ERR_REFUSED, "AccessDenied");
    return 0;
}

static const struct runner_ops fake_ops = {.launch = fake_launch, .stop = fake_stop};

static int open_fake(void **state)
{
    (void)state;
    fake = (struct fake){.runner = {.ops = &fake_ops}, .fails = ""};
    pthread_mutex_init(&fake.lock, NULL);
    e = (struct err){0};
    return db_open(&db, ":memory:", &e);
}

static int close_fake(void **state)
{
    (void)state;
    buf_free(&fake.calls);
    db_close(db);
    db = NULL;
    return free_arena(NULL);
}

static void calls_were(const char *expected)
{
    assert_string_equal(buf_text(&fake.calls), expected);
    buf_clear(&fake.calls);
}

static int launch(const char *subdomain, const char *first, const char *second)
{
    const char *const names[] = {first, second};
    struct launch_request r = {
        .subdomain = subdomain, .taskdefs = names, .n_taskdefs = second ? 2 : 1};

    return environment_launch(db, &fake.runner, &r, &e);
}

static void launched(const char *subdomain, const char *first, const char *second)
{
    if (launch(subdomain, first, second) < 0)
        fail_msg("%s", e.text);
}

/* The ids and desired states of a subdomain's tasks. */
static void tasks_are(const char *subdomain, const char *expected)
{
    struct task_list list;
    const char *text = "";

    assert_int_equal(store_task_of(db, subdomain, TASK_ALL, &arena, &list, &e), 0);
    for (size_t i = 0; i < list.len; i++)
        text = arena_printf(&arena, "%s%s %s; ", text, list.items[i].short_id,
                            list.items[i].desired_status);
    assert_string_equal(text, expected);
}

static struct environment env_of(const char *subdomain)
{
    struct environment env = {0};

    assert_int_equal(store_environment_get(db, subdomain, &arena, &env, &e), 1);
    return env;
}

static void launch_is_made_and_kept(void **state)
{
    (void)state;
    launched("foo", "app", "db");
    calls_were("launch foo app db; ");
    tasks_are("foo", "id1 RUNNING; id2 RUNNING; ");
    assert_true(env_of("foo").launched_at > 0);
    assert_true(env_of("foo").ended_at == 0);
    assert_string_equal(env_of("foo").request,
                        "{\"subdomain\":\"foo\",\"taskdef\":[\"app\",\"db\"],\"parameters\":{}}");
}

static void relaunch_stops_the_old_ones_first(void **state)
{
    (void)state;
    launched("foo", "app", "db");
    launched("fo*", "app", NULL); /* another one, though it matches */
    calls_were("launch foo app db; launch fo* app; ");
    launched("foo", "app", NULL);
    calls_were("stop arn:id1; stop arn:id2; launch foo app; ");
    assert_string_equal(fake.stop_reason, STOP_RELAUNCHED);
    assert_false(fake.live_at_launch);
    tasks_are("foo", "id1 STOPPED; id2 STOPPED; id4 RUNNING; ");
    tasks_are("fo*", "id3 RUNNING; ");
    launched("foo", "app", NULL); /* what was told to stop is not told again */
    calls_were("stop arn:id4; launch foo app; ");
}

static void partial_failure_tells_all(void **state)
{
    const char *const names[] = {"good", "bad", "fine", "worse"};
    struct launch_request r = {.subdomain = "foo", .taskdefs = names, .n_taskdefs = 4};

    (void)state;
    fake.fails = " bad worse ";
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "failed to launch foo: bad: no bad here; worse: no worse here; "
                                "started: good (id1), fine (id2)");
    tasks_are("foo", "id1 RUNNING; id2 RUNNING; "); /* not left behind unnoticed */
    assert_true(env_of("foo").ended_at == 0);
}

static void nothing_taken_ends_the_environment(void **state)
{
    (void)state;
    fake.fails = " a b ";
    assert_int_equal(launch("foo", "a", "b"), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "failed to launch foo: a: no a here; b: no b here");
    tasks_are("foo", "");
    assert_true(env_of("foo").ended_at > 0);
    fake.fails = "";
    launched("foo", "a", NULL); /* and it can be launched again */
    assert_true(env_of("foo").ended_at == 0);
}

static void no_attempt_ends_the_environment(void **state)
{
    (void)state;
    launched("foo", "app", NULL);
    fake.none = "ClusterNotFoundException";
    assert_int_equal(launch("foo", "app", NULL), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "ClusterNotFoundException");
    assert_true(env_of("foo").ended_at > 0);
    tasks_are("foo", "id1 STOPPED; ");
}

static void failing_stop_makes_no_launch(void **state)
{
    (void)state;
    launched("foo", "app", "db");
    calls_were("launch foo app db; ");
    fake.stop_fails = "arn:id1";
    assert_int_equal(launch("foo", "app", NULL), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "cannot stop task arn:id1: AccessDenied");
    assert_null(strstr(buf_text(&fake.calls), "launch"));
    assert_non_null(strstr(buf_text(&fake.calls), "stop arn:id2")); /* it goes on with the others */
    tasks_are("foo", "id1 RUNNING; id2 STOPPED; ");
    assert_true(env_of("foo").ended_at == 0); /* one still runs */
}

static void long_texts_are_cut_not_overrun(void **state)
{
    const char *name = repeated("x", 500);

    (void)state;
    fake.fails = arena_printf(&arena, " %s ", name);
    assert_int_equal(launch("foo", name, name), -1);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    assert_ptr_equal(strstr(e.text, "failed to launch foo: xxx"), e.text);
}

static void terminate_a_subdomain(void **state)
{
    (void)state;
    assert_int_equal(environment_terminate(db, &fake.runner, "none", &e), 0);
    calls_were("");
    launched("foo", "app", "db");
    launched("fo*", "app", NULL);
    buf_clear(&fake.calls);
    assert_int_equal(environment_terminate(db, &fake.runner, "foo", &e), 0);
    calls_were("stop arn:id1; stop arn:id2; ");
    assert_string_equal(fake.stop_reason, STOP_REQUESTED);
    tasks_are("foo", "id1 STOPPED; id2 STOPPED; ");
    tasks_are("fo*", "id3 RUNNING; ");
    assert_true(env_of("foo").ended_at > 0);
    assert_int_equal(environment_terminate(db, &fake.runner, "foo", &e), 0);
    calls_were("");
}

static void terminate_that_fails(void **state)
{
    (void)state;
    launched("foo", "app", "db");
    buf_clear(&fake.calls);
    fake.stop_fails = "arn:id1";
    assert_int_equal(environment_terminate(db, &fake.runner, "foo", &e), -1);
    assert_string_equal(e.text, "cannot stop task arn:id1: AccessDenied");
    tasks_are("foo", "id1 RUNNING; id2 STOPPED; ");
    assert_true(env_of("foo").ended_at == 0);
    fake.stop_fails = NULL;
    assert_int_equal(environment_terminate(db, &fake.runner, "foo", &e), 0);
    tasks_are("foo", "id1 STOPPED; id2 STOPPED; ");
    assert_true(env_of("foo").ended_at > 0);
}

static void terminate_a_task(void **state)
{
    struct task t;

    (void)state;
    launched("foo", "app", "db");
    buf_clear(&fake.calls);
    assert_int_equal(environment_terminate_task(db, &fake.runner, "id1", STOP_PURGED, &e), 0);
    calls_were("stop arn:id1; ");
    tasks_are("foo", "id1 STOPPED; id2 RUNNING; ");
    assert_int_equal(store_task_get(db, "id1", &arena, &t, &e), 1);
    assert_string_equal(t.stopped_reason, STOP_PURGED);
    assert_string_equal(fake.stop_reason, STOP_PURGED);
    assert_true(env_of("foo").ended_at == 0); /* one still runs */
    assert_int_equal(environment_terminate_task(db, &fake.runner, "arn:id2", STOP_PURGED, &e), 0);
    assert_true(env_of("foo").ended_at > 0);
    assert_int_equal(environment_terminate_task(db, &fake.runner, "id2", STOP_PURGED, &e),
                     0); /* again */
}

static void terminate_an_unknown_task(void **state)
{
    (void)state;
    launched("foo", "app", NULL);
    buf_clear(&fake.calls);
    assert_int_equal(environment_terminate_task(db, &fake.runner, "id9", STOP_PURGED, &e), -1);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_string_equal(e.text, "task id9 is not found");
    assert_int_equal(environment_terminate_task(db, &fake.runner, "foo", STOP_PURGED, &e),
                     -1); /* no id */
    assert_int_equal(
        environment_terminate_task(db, &fake.runner, repeated("x", 5000), STOP_PURGED, &e), -1);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    calls_were("");
    fake.stop_fails = "";
    assert_int_equal(environment_terminate_task(db, &fake.runner, "id1", STOP_PURGED, &e), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    tasks_are("foo", "id1 RUNNING; ");
}

/* --- launches of one subdomain wait for each other -------------------------------------------- */

static int slow_launch(struct runner *r, const struct launch_request *request, struct arena *a,
                       struct launch_result *results, struct err *error)
{
    (void)r;
    (void)error;
    pthread_mutex_lock(&fake.lock);
    if (++fake.inside > fake.most_inside)
        fake.most_inside = fake.inside;
    results[0] = (struct launch_result){.taskdef = request->taskdefs[0]};
    results[0].task = fake_task(a, request, request->taskdefs[0]);
    pthread_mutex_unlock(&fake.lock);
    for (int i = 0; i < 100; i++) /* gives the others every chance to come in */
        sched_yield();
    pthread_mutex_lock(&fake.lock);
    fake.inside--;
    pthread_mutex_unlock(&fake.lock);
    return 0;
}

static int quiet_stop(struct runner *r, const char *arn, const char *reason, struct err *error)
{
    (void)r;
    (void)arn;
    (void)reason;
    (void)error;
    return 0;
}

static const struct runner_ops slow_ops = {.launch = slow_launch, .stop = quiet_stop};

static void *launch_often(void *unused)
{
    const char *const names[] = {"app"};
    struct launch_request r = {.subdomain = "same", .taskdefs = names, .n_taskdefs = 1};
    struct runner runner = {.ops = &slow_ops};
    struct err why = {0};
    struct db *own; /* a connection belongs to one thread */

    (void)unused;
    if (db_open(&own, ":memory:", &why) < 0)
        return own;
    for (int i = 0; i < 20; i++)
        if (environment_launch(own, &runner, &r, &why) < 0)
            return &fake;
    db_close(own);
    return NULL;
}

static void one_launch_at_a_time(void **state)
{
    pthread_t threads[4];
    void *failed;

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, launch_often, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(fake.n_tasks, 80);
    assert_int_equal(fake.most_inside, 1);
}

#define CHECK(name) cmocka_unit_test_teardown(name, free_arena)
#define LIFE(name)  cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(accepts),
        CHECK(subdomains),
        CHECK(parameter_values),
        CHECK(taskdefs),
        CHECK(order_of_the_checks),
        CHECK(all_problems),
        LIFE(launch_is_made_and_kept),
        LIFE(relaunch_stops_the_old_ones_first),
        LIFE(partial_failure_tells_all),
        LIFE(nothing_taken_ends_the_environment),
        LIFE(no_attempt_ends_the_environment),
        LIFE(failing_stop_makes_no_launch),
        LIFE(long_texts_are_cut_not_overrun),
        LIFE(terminate_a_subdomain),
        LIFE(terminate_that_fails),
        LIFE(terminate_a_task),
        LIFE(terminate_an_unknown_task),
        LIFE(one_launch_at_a_time),
    };
    return cmocka_run_group_tests_name("environment", tests, compile_rules, free_rules);
}
