/* Tasks and their ports. */
#include "stores_fixture.h"

static void task_comes_back_as_put(void **state)
{
    struct task_port ports[] = {
        {.container = "web", .container_port = 80, .address = "10.0.0.1", .port = 80},
        {.container = "app", .container_port = 8080, .address = "", .port = 8080},
        {.container = "app", .container_port = 0, .address = "127.0.0.1", .port = 45678},
    };
    struct task_port unused;
    struct task t = task_of("af8e", "b15", &unused), back;

    (void)state;
    t.ports = ports;
    t.n_ports = COUNT(ports);
    t.env = "{\"A\":\"b\"}";
    t.tags = "[{\"Key\":\"k\",\"Value\":\"v\"}]";
    t.stopped_reason = "why";
    t.stopped_at = INT64_C(1767366245999);
    assert_int_equal(store_task_put(db, &t, &e), 1);
    back = get("af8e");
    assert_string_equal(back.arn, t.arn);
    assert_string_equal(back.short_id, t.short_id);
    assert_string_equal(back.subdomain, t.subdomain);
    assert_string_equal(back.branch, t.branch);
    assert_string_equal(back.taskdef, t.taskdef);
    assert_string_equal(back.ipaddress, t.ipaddress);
    assert_string_equal(back.last_status, t.last_status);
    assert_string_equal(back.desired_status, t.desired_status);
    assert_string_equal(back.env, t.env);
    assert_string_equal(back.tags, t.tags);
    assert_string_equal(back.stopped_reason, t.stopped_reason);
    assert_true(back.created_at == t.created_at);
    assert_true(back.started_at == t.started_at);
    assert_true(back.stopped_at == t.stopped_at);
    assert_int_equal(back.n_ports, 3); /* by container, then port */
    assert_string_equal(back.ports[0].container, "app");
    assert_int_equal(back.ports[0].container_port, 0);
    assert_string_equal(back.ports[0].address, "127.0.0.1");
    assert_int_equal(back.ports[0].port, 45678);
    assert_false(back.ports[0].ready);
    assert_int_equal(back.ports[1].container_port, 8080);
    assert_string_equal(back.ports[2].container, "web");
}

static void put_tells_whether_anything_changed(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "a", &port);
    /* Every text that may change. */
    const char **texts[] = {&t.subdomain, &t.branch,      &t.taskdef,
                            &t.ipaddress, &t.last_status, &t.desired_status,
                            &t.env,       &t.tags,        &t.stopped_reason};
    int64_t *numbers[] = {&t.created_at, &t.started_at, &t.stopped_at};

    (void)state;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_int_equal(store_task_put(db, &t, &e), 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        *texts[i] = "other";
        assert_int_equal(store_task_put(db, &t, &e), 1);
        assert_int_equal(store_task_put(db, &t, &e), 0);
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        ++*numbers[i];
        assert_int_equal(store_task_put(db, &t, &e), 1);
        assert_int_equal(store_task_put(db, &t, &e), 0);
    }
    port.port = 81;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_int_equal(store_task_put(db, &t, &e), 0);
    t.n_ports = 0;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_int_equal(store_task_put(db, &t, &e), 0);
    assert_int_equal(get("one").n_ports, 0);
    t.n_ports = 1;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_int_equal(store_task_put(db, &t, &e), 0);
}

static void ready_is_kept_until_the_address_changes(void **state)
{
    struct task_port ports[2];
    struct task t = task_of("one", "a", &ports[0]);

    (void)state;
    ports[1] = ports[0];
    ports[1].container_port = 81;
    t.n_ports = 2;
    put(&t);
    assert_int_equal(put_ready(db, t.arn, &ports[0]), 0);
    assert_true(get("one").ports[0].ready);
    assert_false(get("one").ports[1].ready);
    assert_int_equal(store_task_put(db, &t, &e), 0); /* what a runner says of ready is no news */
    t.last_status = "DEACTIVATING";
    put(&t);
    assert_true(get("one").ports[0].ready);

    ports[0].address = "10.0.0.2";
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_false(get("one").ports[0].ready);
    ports[0].address = "10.0.0.1"; /* the probe was of an address that is not there any more */
    assert_int_equal(put_ready(db, t.arn, &ports[0]), 0);
    assert_false(get("one").ports[0].ready);
    ports[0].address = "10.0.0.2";
    assert_int_equal(put_ready(db, t.arn, &ports[0]), 0);
    assert_true(get("one").ports[0].ready);
    ports[0].port = 8080;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_false(get("one").ports[0].ready);
}

static void ports_that_are_not_known_stay_as_they_were(void **state)
{
    struct task_port port;
    struct task known = task_of("known", "a", &port), t = known, back;

    (void)state;
    t.ports = NULL;
    t.n_ports = 0;
    t.ports_unknown = true;
    assert_int_equal(store_task_put(db, &known, &e), 1);
    assert_int_equal(put_ready(db, known.arn, &port), 0);
    assert_int_equal(store_task_put(db, &t, &e), 0);
    back = get("known");
    assert_int_equal(back.n_ports, 1);
    assert_true(back.ports[0].ready);

    t.arn = "new"; /* it counts as starting, until they are known */
    t.short_id = "new";
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_int_equal(store_task_put(db, &t, &e), 0);
    back = get("new");
    assert_int_equal(back.n_ports, 1);
    assert_string_equal(back.ports[0].address, "");
    assert_false(back.ports[0].ready);
    t.ports = &port;
    t.n_ports = 1;
    t.ports_unknown = false;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    back = get("new");
    assert_int_equal(back.n_ports, 1);
    assert_string_equal(back.ports[0].address, port.address);
}

static void desired_stopped_sticks(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "a", &port);

    (void)state;
    put(&t);
    assert_int_equal(store_task_stopping(db, t.arn, "because", &e), 0);
    assert_string_equal(get("one").desired_status, "STOPPED");
    assert_string_equal(get("one").stopped_reason, "because");
    assert_int_equal(store_task_put(db, &t, &e), 0); /* an older listing */
    assert_string_equal(get("one").desired_status, "STOPPED");
    assert_string_equal(get("one").stopped_reason, "because");
    assert_int_equal(store_task_stopping(db, t.arn, "another", &e), 0);
    assert_string_equal(get("one").stopped_reason, "because"); /* the first reason */
    t.last_status = "STOPPED";
    t.stopped_reason = "Essential container exited";
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_string_equal(get("one").last_status, "STOPPED");
    assert_string_equal(get("one").desired_status, "STOPPED");
    assert_string_equal(get("one").stopped_reason, "Essential container exited");
    assert_int_equal(store_task_stopping(db, "no such task", "x", &e), 0);
}

static void by_id(void **state)
{
    struct task t;

    (void)state;
    put_task("one", "a", "RUNNING", false, 1);
    put_task("two", "b", "RUNNING", false, 1);
    assert_int_equal(store_task_get(db, "two", &arena, &t, &e), 1);
    assert_string_equal(t.subdomain, "b");
    assert_int_equal(store_task_get(db, "arn:aws:ecs:r:1:task/dev/one", &arena, &t, &e), 1);
    assert_string_equal(t.subdomain, "a");
    assert_int_equal(store_task_get(db, "", &arena, &t, &e), 0);
    assert_int_equal(store_task_get(db, "tw", &arena, &t, &e), 0);
    assert_int_equal(store_task_get(db, "TWO", &arena, &t, &e), 0);
    assert_int_equal(store_task_get(db, "' OR 1=1 --", &arena, &t, &e), 0);
}

/* The ids of a list, a blank behind each. */
static const char *ids(const struct task_list *list)
{
    const char *text = "";

    for (size_t i = 0; i < list->len; i++)
        text = arena_printf(&arena, "%s%s ", text, list->items[i].short_id);
    return text;
}

static const char *listed(enum task_filter filter, const char *subdomain)
{
    struct task_list list;

    if ((subdomain ? store_task_of(db, subdomain, filter, &arena, &list, &e)
                   : store_task_list(db, filter, &arena, &list, &e)) < 0)
        fail_msg("%s", e.text);
    return ids(&list);
}

static void lists(void **state)
{
    (void)state;
    assert_string_equal(listed(TASK_ALL, NULL), "");
    put_task("b2", "b", "RUNNING", true, 20);
    put_task("b1", "b", "PROVISIONING", false, 10);
    put_task("b3", "b", "STOPPED", false, 5);
    put_task("a1", "a", "PENDING", false, 99);
    put_task("c1", "c", "RUNNING", false, 1);
    put_task("c0", "c", "RUNNING", false, 1); /* of one moment: by ARN */
    put_task("p1", "b*", "RUNNING", false, 1);
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/c1", "x", &e), 0);
    assert_string_equal(listed(TASK_RUNNING, NULL), "a1 b1 b2 p1 c0 ");
    assert_string_equal(listed(TASK_STOPPED, NULL), "b3 c1 ");
    assert_string_equal(listed(TASK_ALL, NULL), "a1 b3 b1 b2 p1 c0 c1 ");
    assert_string_equal(listed(TASK_RUNNING, "b"), "b1 b2 ");
    assert_string_equal(listed(TASK_STOPPED, "b"), "b3 ");
    assert_string_equal(listed(TASK_ALL, "b"), "b3 b1 b2 ");
    assert_string_equal(listed(TASK_ALL, "b*"), "p1 "); /* the pattern itself */
    assert_string_equal(listed(TASK_ALL, "B"), "");
    assert_string_equal(listed(TASK_ALL, "none"), "");
}

static void removed(void **state)
{
    struct task t;

    (void)state;
    put_task("one", "a", "RUNNING", true, 1);
    assert_int_equal(store_task_remove(db, "one", &e), 0); /* an ARN is needed */
    assert_string_equal(listed(TASK_ALL, NULL), "one ");
    assert_int_equal(store_task_remove(db, "arn:aws:ecs:r:1:task/dev/one", &e), 0);
    assert_int_equal(store_task_get(db, "one", &arena, &t, &e), 0);
    put_task("one", "a", "RUNNING", false, 1);
    assert_int_equal(get("one").n_ports, 1);
    assert_false(get("one").ports[0].ready); /* nothing of its first life is left */
}

static void many_tasks(void **state)
{
    struct task_list list;

    (void)state;
    assert_int_equal(db_begin(db, &e), 0);
    for (int i = 0; i < 1000; i++)
        put_task(arena_printf(&arena, "id%04d", i), arena_printf(&arena, "s%d", i % 10), "RUNNING",
                 false, i);
    assert_int_equal(db_commit(db, &e), 0);
    assert_int_equal(store_task_list(db, TASK_RUNNING, &arena, &list, &e), 0);
    assert_int_equal(list.len, 1000);
    for (size_t i = 1; i < list.len; i++)
        assert_true(strcmp(list.items[i - 1].subdomain, list.items[i].subdomain) < 0 ||
                    list.items[i - 1].created_at < list.items[i].created_at);
}

static void hostile_texts_survive(void **state)
{
    struct buf large = {0};
    const char *texts[] = {
        "'", "\"; DROP TABLE task; --", "\xe6\x97\xa5\xe6\x9c\xac", "a\nb\\", "%_*?[", NULL};

    (void)state;
    while (large.len < 1 << 20)
        buf_str(&large, "{\"'\\\xc3\xa9\":1}");
    texts[5] = large.data;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct task_port port;
        struct task t = task_of("x", texts[i], &port), back;
        struct environment env;
        struct sync_status status;

        t.arn = t.short_id = t.branch = t.taskdef = t.env = t.tags = t.stopped_reason = texts[i];
        t.launch = t.stop_code = texts[i];
        port.container = texts[i];
        assert_int_equal(store_task_put(db, &t, &e), 1);
        assert_int_equal(store_task_put(db, &t, &e), 0);
        assert_int_equal(store_task_get(db, texts[i], &arena, &back, &e), 1);
        assert_string_equal(back.arn, texts[i]);
        assert_string_equal(back.subdomain, texts[i]);
        assert_string_equal(back.env, texts[i]);
        assert_string_equal(back.tags, texts[i]);
        assert_string_equal(back.launch, texts[i]);
        assert_string_equal(back.stop_code, texts[i]);
        assert_string_equal(back.ports[0].container, texts[i]);
        assert_string_not_equal(listed(TASK_ALL, texts[i]), "");
        assert_int_equal(store_environment_launch(db, texts[i], 1, texts[i], &e), 0);
        assert_int_equal(store_environment_get(db, texts[i], &arena, &env, &e), 1);
        assert_string_equal(env.serving, texts[i]);
        assert_int_equal(store_access_add(db, texts[i], 0, 3, &e), 0);
        assert_int_equal(store_access_sum(db, texts[i], 0, &e), 3);
        assert_int_equal(store_sync_failed(db, 1, texts[i], &e), 0);
        assert_int_equal(store_sync_get(db, &arena, &status, &e), 0);
        assert_string_equal(status.error, texts[i]);
    }
    buf_free(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(task_comes_back_as_put),
        TEST(put_tells_whether_anything_changed),
        TEST(ready_is_kept_until_the_address_changes),
        TEST(ports_that_are_not_known_stay_as_they_were),
        TEST(desired_stopped_sticks),
        TEST(by_id),
        TEST(lists),
        TEST(removed),
        TEST(many_tasks),
        TEST(hostile_texts_survive),
    };
    return cmocka_run_group_tests_name("store_task", tests, NULL, NULL);
}
