/* The tables: tasks and their ports, environments, access counts, the sync's status, and the view
 * that proxyd reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "store_access.h"
#include "store_environment.h"
#include "store_route.h"
#include "store_sync.h"
#include "store_task.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct db *db;
static struct arena arena;
static struct err e;

static int open_memory(void **state)
{
    (void)state;
    return db_open(&db, ":memory:", &e);
}

static int close_memory(void **state)
{
    (void)state;
    db_close(db);
    arena_free(&arena);
    return 0;
}

/* A running task with one port. The ARN is made of the id. */
static struct task task_of(const char *id, const char *subdomain, struct task_port *port)
{
    *port = (struct task_port){
        .container = "app", .container_port = 80, .address = "10.0.0.1", .port = 80};
    return (struct task){
        .arn = arena_printf(&arena, "arn:aws:ecs:r:1:task/dev/%s", id),
        .short_id = id,
        .subdomain = subdomain,
        .branch = "topic/x",
        .taskdef = "app:1",
        .ipaddress = "10.0.0.1",
        .last_status = "RUNNING",
        .desired_status = "RUNNING",
        .env = "{}",
        .tags = "[]",
        .stopped_reason = "",
        .created_at = 1000,
        .started_at = 2000,
        .ports = port,
        .n_ports = 1,
    };
}

static void put(const struct task *t)
{
    if (store_task_put(db, t, &e) < 0)
        fail_msg("%s", e.text);
}

/* Puts a task of this id and status, its port ready if asked for, created then. */
static void put_task(const char *id, const char *subdomain, const char *status, bool ready,
                     int64_t created_at)
{
    struct task_port port;
    struct task t = task_of(id, subdomain, &port);

    t.last_status = status;
    t.created_at = created_at;
    put(&t);
    if (ready)
        assert_int_equal(store_task_port_ready(db, t.arn, &port, &e), 0);
}

static struct task get(const char *id)
{
    struct task t = {0};

    assert_int_equal(store_task_get(db, id, &arena, &t, &e), 1);
    return t;
}

static int64_t version(void)
{
    int64_t v = store_route_version(db, &e);

    assert_true(v > 0);
    return v;
}

static void launch(const char *subdomain, int64_t at)
{
    struct environment env = {.subdomain = subdomain, .launched_at = at, .request = "{}"};

    assert_int_equal(store_environment_launch(db, &env, &e), 0);
}

/* --- task ------------------------------------------------------------------------------------- */

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
    assert_int_equal(store_task_port_ready(db, t.arn, &ports[0], &e), 0);
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
    assert_int_equal(store_task_port_ready(db, t.arn, &ports[0], &e), 0);
    assert_false(get("one").ports[0].ready);
    ports[0].address = "10.0.0.2";
    assert_int_equal(store_task_port_ready(db, t.arn, &ports[0], &e), 0);
    assert_true(get("one").ports[0].ready);
    ports[0].port = 8080;
    assert_int_equal(store_task_put(db, &t, &e), 1);
    assert_false(get("one").ports[0].ready);
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
        struct environment env = {.subdomain = texts[i], .launched_at = 1, .request = texts[i]};
        struct sync_status status;

        t.arn = t.short_id = t.branch = t.taskdef = t.env = t.tags = t.stopped_reason = texts[i];
        port.container = texts[i];
        assert_int_equal(store_task_put(db, &t, &e), 1);
        assert_int_equal(store_task_put(db, &t, &e), 0);
        assert_int_equal(store_task_get(db, texts[i], &arena, &back, &e), 1);
        assert_string_equal(back.arn, texts[i]);
        assert_string_equal(back.subdomain, texts[i]);
        assert_string_equal(back.env, texts[i]);
        assert_string_equal(back.tags, texts[i]);
        assert_string_equal(back.ports[0].container, texts[i]);
        assert_string_not_equal(listed(TASK_ALL, texts[i]), "");
        assert_int_equal(store_environment_launch(db, &env, &e), 0);
        assert_int_equal(store_environment_get(db, texts[i], &arena, &env, &e), 1);
        assert_string_equal(env.request, texts[i]);
        assert_int_equal(store_access_add(db, texts[i], 0, 3, &e), 0);
        assert_int_equal(store_access_sum(db, texts[i], 0, &e), 3);
        assert_int_equal(store_sync_failed(db, 1, texts[i], &e), 0);
        assert_int_equal(store_sync_get(db, &arena, &status, &e), 0);
        assert_string_equal(status.error, texts[i]);
    }
    buf_free(&large);
}

/* --- environment ------------------------------------------------------------------------------ */

static struct environment env_of(const char *subdomain)
{
    struct environment env = {0};

    assert_int_equal(store_environment_get(db, subdomain, &arena, &env, &e), 1);
    return env;
}

static void launch_and_end(void **state)
{
    struct environment env = {.subdomain = "a", .launched_at = 10, .request = "{\"x\":1}"};

    (void)state;
    assert_int_equal(store_environment_get(db, "a", &arena, &env, &e), 0);
    assert_int_equal(store_environment_launch(db, &env, &e), 0);
    env = env_of("a");
    assert_string_equal(env.subdomain, "a");
    assert_true(env.launched_at == 10 && env.ended_at == 0);
    assert_string_equal(env.request, "{\"x\":1}");

    assert_int_equal(store_environment_end(db, "a", 20, &e), 0);
    assert_true(env_of("a").ended_at == 20);
    assert_int_equal(store_environment_end(db, "a", 30, &e), 0); /* it had ended */
    assert_true(env_of("a").ended_at == 20);
    assert_int_equal(store_environment_end(db, "none", 30, &e), 0);

    env = (struct environment){.subdomain = "a", .launched_at = 40, .request = "{}"};
    assert_int_equal(store_environment_launch(db, &env, &e), 0);
    env = env_of("a");
    assert_true(env.launched_at == 40 && env.ended_at == 0);
    assert_string_equal(env.request, "{}");
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
    assert_string_equal(env_of("known").request, "{}"); /* its request is still its own */
    assert_true(env_of("new").launched_at == 700);
    assert_string_equal(env_of("new").request, "");
    assert_int_equal(store_environment_get(db, "over", &arena, &(struct environment){0}, &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 0); /* nothing new */

    /* One that had ended lives again, without the request of its earlier life. */
    assert_int_equal(store_environment_end(db, "known", 800, &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 1);
    assert_true(env_of("known").ended_at == 0);
    assert_string_equal(env_of("known").request, "");

    /* A task that was told to stop keeps nothing alive. */
    assert_int_equal(store_environment_end(db, "new", 800, &e), 0);
    assert_int_equal(store_task_stopping(db, "arn:aws:ecs:r:1:task/dev/n1", "x", &e), 0);
    assert_int_equal(store_environment_follow_tasks(db, &e), 0);
    assert_true(env_of("new").ended_at == 800);
}

static void ends_the_empty_ones(void **state)
{
    (void)state;
    launch("empty", 10);
    launch("young", 100);
    launch("full", 10);
    launch("stopped", 10);
    launch("told", 10);
    launch("ended", 10);
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

/* --- access and sync -------------------------------------------------------------------------- */

static void access_by_the_minute(void **state)
{
    const int64_t minute = 60000, at = 1000 * minute;

    (void)state;
    assert_true(store_access_sum(db, "a", 0, &e) == 0);
    assert_int_equal(store_access_add(db, "a", at, 1, &e), 0);
    assert_int_equal(store_access_add(db, "a", at + 59999, 2, &e), 0);
    assert_int_equal(store_access_add(db, "a", at + minute, 4, &e), 0);
    assert_int_equal(store_access_add(db, "b", at, 100, &e), 0);
    assert_int_equal(store_access_add(db, "a*", at, 1000, &e), 0);
    assert_true(store_access_sum(db, "a", 0, &e) == 7);
    assert_true(store_access_sum(db, "a", at + 59999, &e) == 7); /* down to its minute */
    assert_true(store_access_sum(db, "a", at + minute, &e) == 4);
    assert_true(store_access_sum(db, "a", at + 2 * minute, &e) == 0);
    assert_true(store_access_sum(db, "b", at, &e) == 100);
    assert_true(store_access_sum(db, "a*", at, &e) == 1000);
    assert_true(store_access_sum(db, "none", 0, &e) == 0);
    assert_int_equal(store_access_add(db, "a", at, INT64_C(1) << 40, &e), 0);
    assert_true(store_access_sum(db, "a", 0, &e) == (INT64_C(1) << 40) + 7);
}

static void access_of_the_ended_is_forgotten(void **state)
{
    const int64_t minute = 60000, old = 1000 * minute, late = 2000 * minute;

    (void)state;
    launch("lives", 1);
    launch("ended", 1);
    assert_int_equal(store_environment_end(db, "ended", 2, &e), 0);
    for (const char *const *name = (const char *const[]){"lives", "ended", "never", NULL}; *name;
         name++) {
        assert_int_equal(store_access_add(db, *name, old, 1, &e), 0);
        assert_int_equal(store_access_add(db, *name, late, 2, &e), 0);
    }
    assert_int_equal(store_access_forget_ended(db, 2000, &e), 0);
    assert_int_equal(store_access_sum(db, "lives", 0, &e), 3);
    assert_int_equal(store_access_sum(db, "ended", 0, &e), 2);
    assert_int_equal(store_access_sum(db, "never", 0, &e), 2);
}

static void sync_status(void **state)
{
    struct sync_status s;

    (void)state;
    assert_int_equal(store_sync_get(db, &arena, &s, &e), 0);
    assert_true(s.succeeded_at == 0 && s.failed_at == 0);
    assert_string_equal(s.error, "");
    assert_int_equal(store_sync_failed(db, 10, "it's down", &e), 0);
    assert_int_equal(store_sync_get(db, &arena, &s, &e), 0);
    assert_true(s.succeeded_at == 0 && s.failed_at == 10);
    assert_string_equal(s.error, "it's down");
    assert_int_equal(store_sync_succeeded(db, 20, 0, &e), 0);
    assert_int_equal(store_sync_get(db, &arena, &s, &e), 0);
    assert_true(s.succeeded_at == 20 && s.failed_at == 10);
    assert_int_equal(store_sync_failed(db, 30, "again", &e), 0);
    assert_int_equal(store_sync_get(db, &arena, &s, &e), 0);
    assert_true(s.succeeded_at == 20 && s.failed_at == 30);
    assert_string_equal(s.error, "again");
}

static void looks_are_asked_for_and_answered(void **state)
{
    struct sync_status begun, s;

    (void)state;
    assert_int_equal(store_sync_want(db, &e), 1);
    assert_int_equal(store_sync_get(db, &arena, &begun, &e), 0);
    assert_true(begun.wanted == 1 && begun.looked == 0);
    assert_int_equal(store_sync_want(db, &e), 2); /* while one goes on: that will not do for it */
    assert_int_equal(store_sync_succeeded(db, 10, begun.wanted, &e), 0);
    assert_int_equal(store_sync_get(db, &arena, &s, &e), 0);
    assert_true(s.wanted == 2 && s.looked == 1);
}

/* --- route ------------------------------------------------------------------------------------ */

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
    assert_int_equal(store_task_port_ready(db, t.arn, &port, &e), 0);
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
    assert_int_equal(store_task_port_ready(db, t.arn, &ports[1], &e), 0);
    routes_are("a@10 80>10.0.0.1:80; a@10 starting; a@10 8080>10.0.0.1:80; ");
    assert_int_equal(store_task_port_ready(db, t.arn, &ports[0], &e), 0);
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
    GROWS(launch("a", 11));
    GROWS(put(&t));
    STAYS(put(&t));
    STAYS(t.env = "{\"x\":1}"; t.tags = "[1]"; t.branch = "b"; t.started_at++; put(&t));
    GROWS(assert_int_equal(store_task_port_ready(db, t.arn, &port, &e), 0));
    GROWS(port.address = "10.0.0.2"; put(&t));
    GROWS(port.port = 81; put(&t));
    GROWS(t.last_status = "DEPROVISIONING"; put(&t));
    GROWS(t.last_status = "RUNNING"; put(&t));
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
    GROWS(assert_int_equal(store_environment_end_empty(db, 100, 5, &e), 1));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(task_comes_back_as_put),
        TEST(put_tells_whether_anything_changed),
        TEST(ready_is_kept_until_the_address_changes),
        TEST(desired_stopped_sticks),
        TEST(by_id),
        TEST(lists),
        TEST(removed),
        TEST(many_tasks),
        TEST(hostile_texts_survive),
        TEST(launch_and_end),
        TEST(lists_the_live_ones),
        TEST(follows_the_tasks),
        TEST(ends_the_empty_ones),
        TEST(access_by_the_minute),
        TEST(access_of_the_ended_is_forgotten),
        TEST(sync_status),
        TEST(looks_are_asked_for_and_answered),
        TEST(route_of_a_task_on_its_way),
        TEST(task_told_to_stop_has_no_route),
        TEST(some_tasks_are_ready),
        TEST(task_without_ports),
        TEST(routes_by_launch_time),
        TEST(each_may_stop),
        TEST(version_grows_with_what_routes_show),
        TEST(version_of_what_is_undone),
    };
    return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
