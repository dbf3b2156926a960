/* The view that proxyd reads, and its version. */
#include "stores_fixture.h"

/* Writes a row as `subdomain@launched starting target>address:port `. */
static int write_row(void *ctx, const struct route_row *row)
{
    buf_printf(ctx, "%s@%lld%s", row->subdomain, (long long)row->launched_at,
               row->starting ? " starting" : "");
    if (*row->address)
        buf_printf(ctx, " %d>%s:%d", row->target, row->address, row->port);
    buf_str(ctx, "; ");
    return 0;
}

static void routes_are(const char *expected)
{
    struct buf out = {0};

    if (store_route_each(db, write_row, &out, &e) != 0)
        fail_msg("%s", e.text);
    assert_string_equal(buf_text(&out), expected);
    buf_free(&out);
}

static void route_of_a_task_on_its_way(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "a", &port);

    (void)state;
    routes_are("");
    put(&t); /* no environment: no route */
    routes_are("");
    assert_int_equal(store_task_remove(db, t.arn, &e), 0);
    launch("a", 10);
    routes_are("a@10 starting; "); /* no task is known yet */
    t.last_status = "PROVISIONING";
    t.n_ports = 0;
    put(&t);
    routes_are("a@10 starting; ");
    t.last_status = "RUNNING";
    t.n_ports = 1;
    put(&t);
    routes_are("a@10 starting; "); /* nobody answers yet */
    assert_int_equal(put_ready(db, t.arn, &port), 0);
    routes_are("a@10 80>10.0.0.1:80; ");
    t.last_status = "DEACTIVATING";
    put(&t);
    routes_are("a@10 starting; ");
    t.last_status = "STOPPED";
    put(&t);
    routes_are("a@10 starting; ");
    assert_int_equal(store_environment_end(db, "a", 20, &e), 0);
    routes_are("");
}

static void task_told_to_stop_has_no_route(void **state)
{
    (void)state;
    launch("a", 10);
    put_task("one", "a", "RUNNING", true, 10);
    put_task("two", "a", "RUNNING", true, 10);
    routes_are("a@10 80>10.0.0.1:80; a@10 80>10.0.0.1:80; ");
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/one", "x", &e), 0);
    routes_are("a@10 80>10.0.0.1:80; "); /* and nothing starts: what runs is what there is */
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/two", "x", &e), 0);
    routes_are("a@10 starting; ");
}

static void some_tasks_are_ready(void **state)
{
    struct task_port ports[2];
    struct task t = task_of("two", "a", &ports[0]);

    (void)state;
    launch("a", 10);
    put_task("one", "a", "RUNNING", true, 10);
    ports[1] = ports[0];
    ports[1].container_port = 8080;
    t.n_ports = 2;
    put(&t);
    assert_int_equal(put_ready(db, t.arn, &ports[1]), 0);
    routes_are("a@10 80>10.0.0.1:80; a@10 starting; a@10 8080>10.0.0.1:80; ");
    assert_int_equal(put_ready(db, t.arn, &ports[0]), 0);
    routes_are("a@10 80>10.0.0.1:80; a@10 80>10.0.0.1:80; a@10 8080>10.0.0.1:80; ");
}

/* A task with no port at all has nothing to wait for. */
static void task_without_ports(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "a", &port);

    (void)state;
    launch("a", 10);
    t.n_ports = 0;
    put(&t);
    routes_are("a@10; ");
}

static void routes_by_launch_time(void **state)
{
    (void)state;
    launch("a", 30);
    launch("z*", 10);
    launch("m", 20);
    launch("b", 20);
    put_task("m1", "m", "RUNNING", true, 1);
    put_task("m2", "m", "RUNNING", true, 1);
    routes_are("z*@10 starting; b@20 starting; m@20 80>10.0.0.1:80; m@20 80>10.0.0.1:80; "
               "a@30 starting; ");
}

static int stop_at_once(void *ctx, const struct route_row *row)
{
    (void)row;
    ++*(int *)ctx;
    return 17;
}

static void each_may_stop(void **state)
{
    int calls = 0;

    (void)state;
    launch("a", 1);
    launch("b", 2);
    assert_int_equal(store_route_each(db, stop_at_once, &calls, &e), 17);
    assert_int_equal(calls, 1);
    routes_are("a@1 starting; b@2 starting; "); /* and the next one begins anew */
}

/* Runs a statement; tells whether the version grew. */
#define GROWS(call)                                                                                \
    do {                                                                                           \
        int64_t before_ = version();                                                               \
        call;                                                                                      \
        if (version() <= before_)                                                                  \
            fail_msg("the version did not grow: %s", #call);                                       \
    } while (0)
#define STAYS(call)                                                                                \
    do {                                                                                           \
        int64_t before_ = version();                                                               \
        call;                                                                                      \
        if (version() != before_)                                                                  \
            fail_msg("the version grew: %s", #call);                                               \
    } while (0)

static void version_grows_with_what_routes_show(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "a", &port);

    (void)state;
    GROWS(launch("a", 10));
    STAYS(launch("a", 10));
    STAYS(launch("a", 11)); /* it is live already */
    GROWS(put(&t));
    STAYS(put(&t));
    STAYS(t.env = "{\"x\":1}"; t.tags = "[1]"; t.branch = "b"; t.started_at++; put(&t));
    GROWS(assert_int_equal(put_ready(db, t.arn, &port), 0));
    GROWS(port.address = "10.0.0.2"; put(&t));
    GROWS(port.port = 81; put(&t));
    GROWS(t.last_status = "DEPROVISIONING"; put(&t));
    GROWS(t.last_status = "RUNNING"; put(&t));
    GROWS(launch("b", 12));
    GROWS(t.subdomain = "b"; put(&t));
    GROWS(t.n_ports = 0; put(&t));
    GROWS(t.n_ports = 1; put(&t));
    STAYS(assert_int_equal(store_access_add(db, "a", 0, 5, &e), 0));
    STAYS(assert_int_equal(store_sync_succeeded(db, 5, 0, &e), 0));
    STAYS(assert_int_equal(store_sync_failed(db, 5, "x", &e), 0));
    GROWS(assert_int_equal(store_task_stopping(db, t.arn, "x", &e), 0));
    STAYS(assert_int_equal(store_task_stopping(db, t.arn, "y", &e), 0));
    STAYS(put(&t));
    GROWS(assert_int_equal(store_environment_end(db, "a", 1, &e), 0));
    STAYS(assert_int_equal(store_environment_end(db, "a", 2, &e), 0));
    GROWS(launch("a", 11));
    GROWS(assert_int_equal(store_task_remove(db, t.arn, &e), 0));
    STAYS(assert_int_equal(store_task_remove(db, t.arn, &e), 0));
    GROWS(assert_int_equal(store_environment_end_empty(db, 100, 5, &e), 2));
    STAYS(assert_int_equal(store_environment_end_empty(db, 100, 5, &e), 0));
    put_task("two", "c", "RUNNING", false, 3);
    GROWS(assert_int_equal(store_environment_follow_tasks(db, &e), 1));
    STAYS(assert_int_equal(store_environment_follow_tasks(db, &e), 0));
}

/* A change that is rolled back shows nothing, and counts for nothing. */
static void version_of_what_is_undone(void **state)
{
    int64_t before = version();

    (void)state;
    assert_int_equal(db_begin(db, &e), 0);
    launch("a", 10);
    db_rollback(db);
    assert_true(version() == before);
    routes_are("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(route_of_a_task_on_its_way),
        TEST(task_told_to_stop_has_no_route),
        TEST(some_tasks_are_ready),
        TEST(task_without_ports),
        TEST(routes_by_launch_time),
        TEST(each_may_stop),
        TEST(version_grows_with_what_routes_show),
        TEST(version_of_what_is_undone),
    };
    return cmocka_run_group_tests_name("store_route", tests, NULL, NULL);
}
