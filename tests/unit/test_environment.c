/* Launch and terminate: what the runner is asked to do, in which order, with a runner that notes it
 * and fails when told to. */
#include "environment_fixture.h"

#include <pthread.h>

#include "buf.h"
#include "clock.h"
#include "launch_rule.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"
#include "ulid.h"

#include "task_fixture.h"

static struct db *db;

/* --- a runner that notes ---------------------------------------------------------------------- */

struct fake {
    struct runner runner;
    struct buf calls;        /* "stop ARN; launch SUBDOMAIN TASKDEF TASKDEF; " */
    const char *fails;       /* taskdefs that are refused: " a b " */
    const char *stop_reason; /* of the last stop */
    const char *stop_fails;  /* the ARN that cannot be stopped; "" for any */
    const char *refused;     /* why a launch is, before anything is touched */
    const char *none;        /* what no launch is possible for */
    int n_tasks;
    bool stop_first;     /* asked for so */
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
    t.launch = request->launch;
    t.last_status = "PROVISIONING";
    t.created_at = 1;
    t.started_at = 0;
    return t;
}

static int fake_prepare(struct runner *r, const struct launch_request *request, struct arena *a,
                        struct launch_plan *plan, struct err *error)
{
    (void)r;
    (void)request;
    plan->definitions = arena_array(a, 1, sizeof *plan->definitions);
    plan->definitions[0] = "as prepared";
    return fake.refused ? err_set(error, ERR_INVALID, "%s", fake.refused) : 0;
}

static int fake_launch(struct runner *r, const struct launch_request *request,
                       const struct launch_plan *plan, struct arena *a,
                       struct launch_result *results, struct err *error)
{
    struct task_list live;

    (void)r;
    assert_string_equal(plan->definitions[0], "as prepared");
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

static const struct runner_ops fake_ops = {
    .prepare = fake_prepare, .launch = fake_launch, .stop = fake_stop};

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
    struct launch_request r = {.subdomain = subdomain,
                               .taskdefs = names,
                               .n_taskdefs = second ? 2 : 1,
                               .by = "me",
                               .stop_first = fake.stop_first};

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

static struct launch_list launches_of(const char *subdomain)
{
    struct launch_list list;

    assert_int_equal(store_launch_list(db, subdomain, &arena, &list, &e), 0);
    return list;
}

static void launch_is_made_and_kept(void **state)
{
    const char *request;
    struct launch l;

    (void)state;
    launched("foo", "app", "db");
    calls_were("launch foo app db; ");
    tasks_are("foo", "id1 RUNNING; id2 RUNNING; ");
    assert_true(env_of("foo").launched_at > 0);
    assert_true(env_of("foo").ended_at == 0);
    assert_int_equal(store_launch_request(db, "foo", NULL, &arena, &request, &e), 1);
    assert_string_equal(request,
                        "{\"subdomain\":\"foo\",\"taskdef\":[\"app\",\"db\"],\"parameters\":{}}");
    assert_int_equal(launches_of("foo").len, 1);
    l = launches_of("foo").items[0];
    assert_true(ulid_is_valid(l.id) && l.n_wanted == 2 && l.state == LAUNCH_STARTING);
    assert_string_equal(l.by, "me");
    assert_string_equal(env_of("foo").serving, l.id);
}

static void relaunch_leaves_what_runs(void **state)
{
    struct launch_list list;

    (void)state;
    launched("foo", "app", "db");
    launched("foo", "app", NULL);
    calls_were("launch foo app db; launch foo app; ");
    assert_true(fake.live_at_launch);
    tasks_are("foo", "id1 RUNNING; id2 RUNNING; id3 RUNNING; ");
    list = launches_of("foo");
    assert_int_equal(list.len, 2);
    assert_string_equal(env_of("foo").serving, list.items[0].id);
}

static void ids_go_up_whatever_the_clock_says(void **state)
{
    struct launch ahead = {.subdomain = "foo", .by = "", .request = "", .reason = ""};
    char id[ULID_SIZE];
    struct launch_list list;

    (void)state;
    ulid_new(4000000000000, id); /* of a copy whose clock is decades ahead */
    ahead.id = id;
    assert_int_equal(store_launch_put(db, &ahead, &e), 0);
    launched("foo", "app", NULL);
    launched("foo", "app", NULL);
    list = launches_of("foo");
    assert_int_equal(list.len, 3);
    assert_string_equal(list.items[0].id, id);
    assert_true(ulid_ms(list.items[1].id) == 4000000000001);
    assert_true(ulid_ms(list.items[2].id) == 4000000000002);
}

/* Two who wake the same at once: the id is derived, and is launched once. */
static void a_launch_is_begun_once(void **state)
{
    static const char *const names[] = {"web"};
    const struct launch_request r = {.subdomain = "shop",
                                     .taskdefs = names,
                                     .n_taskdefs = 1,
                                     .by = "me",
                                     .launch = "01AAAAAAAAAAAAAAAAAAAAAAAA"};
    struct launch begun = {.id = r.launch,
                           .subdomain = "shop",
                           .at = clock_now_ms(),
                           .by = "another",
                           .request = "{}",
                           .reason = "",
                           .n_wanted = 1};

    (void)state;
    assert_int_equal(store_launch_put(db, &begun, &e), 0);
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(e.kind, ERR_BUSY);
    assert_string_equal(e.text, "shop is being launched already");
    calls_were("");
    /* Whoever has begun it a minute ago, and has no task, has ended. */
    assert_int_equal(db_run(db, "UPDATE launch SET at = at - 61000", DB_NO_BINDS, &e), 0);
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), 0);
    calls_were("launch shop web; ");
    begun.state = LAUNCH_READY; /* or it was begun long ago, and has succeeded */
    assert_int_equal(store_launch_put(db, &begun, &e), 0);
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(e.kind, ERR_BUSY);
    calls_were("");
}

/* What cannot be prepared says nothing of a launch that another one has begun. */
static void a_late_failure_takes_nothing_away(void **state)
{
    static const char *const names[] = {"web"};
    const struct launch_request r = {.subdomain = "shop",
                                     .taskdefs = names,
                                     .n_taskdefs = 1,
                                     .by = "me",
                                     .launch = "01AAAAAAAAAAAAAAAAAAAAAAAA"};
    const struct launch serves = {.id = r.launch,
                                  .subdomain = "shop",
                                  .at = 1,
                                  .by = "another",
                                  .request = "{}",
                                  .reason = "",
                                  .n_wanted = 1,
                                  .ready_at = 2,
                                  .state = LAUNCH_READY};
    struct arena a = {0};
    struct launch there;

    (void)state;
    assert_int_equal(store_launch_put(db, &serves, &e), 0);
    fake.refused = "DescribeTaskDefinition: no answer";
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(store_launch_get(db, r.launch, &a, &there, &e), 1);
    assert_int_equal(there.state, LAUNCH_READY);
    assert_string_equal(there.by, "another");
    assert_int_equal(db_run(db, "DELETE FROM launch", DB_NO_BINDS, &e), 0);
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(store_launch_get(db, r.launch, &a, &there, &e), 1);
    assert_int_equal(there.state, LAUNCH_FAILED); /* it counts as tried */
    arena_free(&a);
}

static void relaunch_stops_the_old_ones_first(void **state)
{
    (void)state;
    fake.stop_first = true;
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

static void what_is_refused_before_touches_nothing(void **state)
{
    (void)state;
    launched("a", "app", NULL);
    calls_were("launch a app; ");
    fake.refused = "app: no taskRoleArn";
    assert_int_equal(launch("a", "app", NULL), -1);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_string_equal(e.text, "failed to launch a: app: no taskRoleArn");
    calls_were("");
    tasks_are("a", "id1 RUNNING; ");
    fake.refused = NULL;
    launched("a", "app", NULL);
    calls_were("launch a app; ");
}

/* A full disk, say. */
static void what_cannot_be_written_down_stops_nothing(void **state)
{
    (void)state;
    launched("a", "app", NULL);
    calls_were("launch a app; ");
    assert_true(db_run(db, "PRAGMA query_only = 1", DB_NO_BINDS, &e) >= 0);
    assert_int_equal(launch("a", "app", NULL), -1);
    calls_were("");
    assert_true(db_run(db, "PRAGMA query_only = 0", DB_NO_BINDS, &e) >= 0);
    tasks_are("a", "id1 RUNNING; ");
}

static void partial_failure_tells_all(void **state)
{
    const char *const names[] = {"good", "bad", "fine", "worse"};
    struct launch_request r = {.subdomain = "foo", .taskdefs = names, .n_taskdefs = 4, .by = ""};

    (void)state;
    fake.fails = " bad worse ";
    assert_int_equal(environment_launch(db, &fake.runner, &r, &e), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "failed to launch foo: bad: no bad here; worse: no worse here; "
                                "started, and stopped again: good (id1), fine (id2)");
    tasks_are("foo", "id1 STOPPED; id2 STOPPED; "); /* not left behind unnoticed */
    assert_string_equal(fake.stop_reason, STOP_FAILED);
    assert_int_equal(launches_of("foo").items[0].state, LAUNCH_FAILED);
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
    fake.stop_first = true;
    launched("foo", "app", NULL);
    fake.none = "ClusterNotFoundException";
    assert_int_equal(launch("foo", "app", NULL), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_string_equal(e.text, "ClusterNotFoundException");
    assert_true(env_of("foo").ended_at > 0);
    tasks_are("foo", "id1 STOPPED; ");
    assert_string_equal(launches_of("foo").items[1].reason, "ClusterNotFoundException");
}

static void failing_stop_makes_no_launch(void **state)
{
    (void)state;
    fake.stop_first = true;
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

static int slow_launch(struct runner *r, const struct launch_request *request,
                       const struct launch_plan *plan, struct arena *a,
                       struct launch_result *results, struct err *error)
{
    (void)r;
    (void)error;
    (void)plan;
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
    struct launch_request r = {
        .subdomain = "same", .taskdefs = names, .n_taskdefs = 1, .by = "", .stop_first = true};
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

#define LIFE(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(launch_is_made_and_kept),
        LIFE(a_launch_is_begun_once),
        LIFE(a_late_failure_takes_nothing_away),
        LIFE(relaunch_stops_the_old_ones_first),
        LIFE(relaunch_leaves_what_runs),
        LIFE(ids_go_up_whatever_the_clock_says),
        LIFE(what_is_refused_before_touches_nothing),
        LIFE(what_cannot_be_written_down_stops_nothing),
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
    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
