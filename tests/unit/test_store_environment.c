/* Environments: launched, ended, and what follows their tasks. */
#include "stores_fixture.h"

#include "store/store_launch.h"

static struct environment env_of(const char *subdomain)
{
    struct environment env = {0};

    assert_int_equal(store_environment_get(db, subdomain, &arena, &env, &e), 1);
    return env;
}

static void launch_and_end(void **state)
{
    struct environment env;

    (void)state;
    assert_int_equal(store_environment_get(db, "a", &arena, &env, &e), 0);
    assert_int_equal(store_environment_launch(db, "a", 10, "L1", &e), 0);
    env = env_of("a");
    assert_string_equal(env.subdomain, "a");
    assert_true(env.launched_at == 10 && env.ended_at == 0);
    assert_string_equal(env.serving, "L1");

    assert_int_equal(store_environment_end(db, "a", 20, &e), 0);
    assert_true(env_of("a").ended_at == 20);
    assert_int_equal(store_environment_end(db, "a", 30, &e), 0); /* it had ended */
    assert_true(env_of("a").ended_at == 20);
    assert_int_equal(store_environment_end(db, "none", 30, &e), 0);

    assert_int_equal(store_environment_launch(db, "a", 40, "L2", &e), 0);
    env = env_of("a");
    assert_true(env.launched_at == 40 && env.ended_at == 0);
    assert_string_equal(env.serving, "L2");
}

static void put_task_of(const char *id, const char *subdomain, const char *launch_id)
{
    struct task_port port;
    struct task t = task_of(id, subdomain, &port);

    t.launch = launch_id;
    put(&t);
}

/* A launch that was terminated does not come back, neither by its own writing nor by its tasks. */
static void terminated_launches_are_over(void **state)
{
    (void)state;
    assert_int_equal(store_environment_launch(db, "a", 10, "L1", &e), 0);
    assert_int_equal(store_environment_trouble(db, "a", 99, "lost", &e), 0);
    assert_int_equal(store_environment_terminate(db, "a", 20, "L3", &e), 0);
    assert_true(env_of("a").ended_at == 20 && env_of("a").recover_at == 0);
    assert_string_equal(env_of("a").trouble, "");
    assert_int_equal(store_environment_launch(db, "a", 30, "L2", &e), -1);
    assert_int_equal(e.kind, ERR_REFUSED);
    assert_true(env_of("a").ended_at == 20);

    put_task_of("t3", "a", "L3");
    assert_int_equal(store_environment_follow_tasks(db, &e), 0);
    assert_int_equal(store_task_stop_over(db, STOP_REQUESTED, &e), 1);
    assert_int_equal(store_task_stop_over(db, STOP_REQUESTED, &e), 0);
    put_task_of("t4", "a", "L4");
    assert_int_equal(store_environment_follow_tasks(db, &e), 1);
    assert_int_equal(store_task_stop_over(db, STOP_REQUESTED, &e), 0);
    assert_true(env_of("a").ended_at == 0);
    assert_string_equal(env_of("a").serving, "L4");
}

/* What another copy has launched: how many tasks it has, as its tags say. */
static void launches_of_tasks(void **state)
{
    static const struct {
        const char *tags;
        size_t n_wanted;
    } cases[] = {
        {"", 0},
        {"[]", 0},
        {"[{\"Key\":\"MirageLaunchTasks\",\"Value\":\"2\"}]", 2},
        {"[{\"Key\":\"a\",\"Value\":\"7\"},{\"Key\":\"MirageLaunchTasks\",\"Value\":\"3\"}]", 3},
        {"[{\"Key\":\"MirageLaunchTasks\",\"Value\":\"-1\"}]", 0},
        {"[{\"Key\":\"MirageLaunchTasks\",\"Value\":\"many\"}]", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *id = arena_printf(&arena, "L%zu", i);
        struct launch_list list;
        struct task_port port;
        struct task t = task_of(id, "a", &port);
        t.launch = id;
        t.tags = cases[i].tags;
        put(&t);
        assert_int_equal(store_launch_follow_tasks(db, &e), 1);
        assert_int_equal(store_launch_list(db, "a", &arena, &list, &e), 0);
        assert_int_equal(list.len, i + 1);
        assert_int_equal(list.items[i].n_wanted, cases[i].n_wanted);
    }
}

static void lists_the_live_ones(void **state)
{
    struct environment *envs;
    size_t len;

    (void)state;
    assert_int_equal(store_environment_list(db, &arena, &envs, &len, &e), 0);
    assert_int_equal(len, 0);
    for (int i = 29; i >= 0; i--)
        launch(arena_printf(&arena, "s%02d", i), i);
    assert_int_equal(store_environment_end(db, "s07", 1, &e), 0);
    assert_int_equal(store_environment_list(db, &arena, &envs, &len, &e), 0);
    assert_int_equal(len, 29);
    assert_string_equal(envs[0].subdomain, "s00");
    assert_string_equal(envs[7].subdomain, "s08");
    assert_string_equal(envs[28].subdomain, "s29");
}

static void follows_the_tasks(void **state)
{
    (void)state;
    launch("known", 500);
    put_task("k1", "known", "RUNNING", false, 300);
    put_task("k2", "known", "PENDING", false, 200);
    put_task("k3", "known", "STOPPED", false, 100); /* it does not count */
    put_task("n1", "new", "PROVISIONING", false, 700);
    put_task("o1", "over", "STOPPED", false, 1);
    assert_int_equal(store_environment_follow_tasks(db, &e), 2);
    assert_true(env_of("known").launched_at == 200);
    assert_true(env_of("new").launched_at == 700);
    assert_int_equal(store_environment_get(db, "over", &arena, &(struct environment){0}, &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 0); /* nothing new */

    /* One that had ended lives again. */
    assert_int_equal(store_environment_end(db, "known", 800, &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 1);
    assert_true(env_of("known").ended_at == 0);

    /* A task that was told to stop keeps nothing alive. */
    assert_int_equal(store_environment_end(db, "new", 800, &e), 0);
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/n1", "x", &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 0);
    assert_true(env_of("new").ended_at == 800);
}

static void ends_the_empty_ones(void **state)
{
    struct launch young = {.id = "L1", .at = 100, .by = "", .request = "", .reason = ""};

    (void)state;
    launch("empty", 10);
    launch("young", 100);
    launch("full", 10);
    launch("stopped", 10);
    launch("told", 10);
    launch("ended", 10);
    young.subdomain = "young";
    assert_int_equal(store_launch_put(db, &young, &e), 0);
    assert_int_equal(store_environment_end(db, "ended", 11, &e), 0);
    put_task("f1", "full", "PENDING", false, 10);
    put_task("s1", "stopped", "STOPPED", false, 10);
    put_task("t1", "told", "RUNNING", true, 10);
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/t1", "x", &e), 0);
    assert_int_equal(store_environment_end_empty(db, 100, 55, &e), 3);
    assert_true(env_of("empty").ended_at == 55);
    assert_true(env_of("stopped").ended_at == 55);
    assert_true(env_of("told").ended_at == 55);
    assert_true(env_of("young").ended_at == 0);
    assert_true(env_of("full").ended_at == 0);
    assert_true(env_of("ended").ended_at == 11);
    assert_int_equal(store_environment_end_empty(db, 100, 66, &e), 0);
    assert_int_equal(store_environment_end_empty(db, 101, 77, &e), 1);
    assert_true(env_of("young").ended_at == 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(launch_and_end),    TEST(terminated_launches_are_over),
        TEST(launches_of_tasks), TEST(lists_the_live_ones),
        TEST(follows_the_tasks), TEST(ends_the_empty_ones),
    };
    return cmocka_run_group_tests_name("store_environment", tests, NULL, NULL);
}
