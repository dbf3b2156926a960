/* Snapshots of the routes: exact names before patterns, the earliest of the patterns, what each
 * listen entry reaches, and how long a snapshot lives. */
#include "proxyd/route.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_route.h"
#include "store/store_task.h"

#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct db *db;
static struct err e;
static struct count_table *counts;
static struct config_listen listens[] = {
    {.listen = 80, .target = 80}, {.listen = 8080, .target = 3000}, {.listen = 81, .target = 80}};
static struct config config = {.listen = {.http = listens, .n_http = COUNT(listens)}};

static int open_memory(void **state)
{
    (void)state;
    counts = count_table_new(2);
    return counts ? db_open(&db, ":memory:", &e) : -1;
}

static int close_memory(void **state)
{
    (void)state;
    db_close(db);
    count_table_free(counts);
    return 0;
}

static struct route_snapshot *load(void)
{
    struct route_snapshot *s;

    if (route_load(&s, db, &config, NULL, counts, &e) != 0)
        fail_msg("%s", e.text);
    return s;
}

static void launch(const char *subdomain, int64_t at)
{
    assert_int_equal(store_environment_launch(db, subdomain, at, "", &e), 0);
}

static void end(const char *subdomain)
{
    assert_int_equal(store_environment_end(db, subdomain, 1, &e), 0);
}

struct port {
    int target;
    const char *address;
    int port;
    bool ready;
};

/* A RUNNING task with these ports, up to the one whose address is NULL. */
static void task(const char *arn, const char *subdomain, const struct port *ports)
{
    struct task_port list[8] = {0};
    struct task t = plain_task(arn, subdomain);

    t.ports = list;
    for (; ports[t.n_ports].address; t.n_ports++)
        list[t.n_ports] = (struct task_port){.container = "app",
                                             .container_port = ports[t.n_ports].target,
                                             .address = ports[t.n_ports].address,
                                             .port = ports[t.n_ports].port};
    assert_true(store_task_put(db, &t, &e) >= 0);
    for (size_t i = 0; i < t.n_ports; i++)
        if (ports[i].ready)
            assert_int_equal(put_ready(db, arn, &list[i]), 0);
}

#define PORTS(...) ((const struct port[]){__VA_ARGS__, {0}})

/* An environment of one ready task, told by its port. */
static void ready(const char *subdomain, int64_t at, int port)
{
    launch(subdomain, at);
    task(subdomain, subdomain, PORTS({80, "10.0.0.1", port, true}));
}

/* What is found, as text: "unknown", "starting", "failed", or "address:port address:port". */
static const char *found(const struct route_snapshot *s, const char *name, size_t listen)
{
    static char text[512];
    struct route r = {.counter = 99};
    char *copy = strndup(name, strlen(name)); /* its end is the end of its memory */
    enum route_answer answer = route_find(s, copy, strlen(name), listen, &r);
    size_t len = 0;

    free(copy);
    if (answer != ROUTE_READY) {
        if (answer == ROUTE_STARTING)
            assert_int_not_equal(r.counter, 99); /* a wait is an access, too */
        return answer == ROUTE_STARTING ? "starting"
               : answer == ROUTE_FAILED ? "failed"
                                        : "unknown";
    }
    assert_true(r.n_targets > 0);
    for (size_t i = 0; i < r.n_targets; i++) {
        char address[INET6_ADDRSTRLEN];
        const struct target *t = &r.targets[i];
        if (t->address.any.sa_family == AF_INET)
            inet_ntop(AF_INET, &t->address.v4.sin_addr, address, sizeof address);
        else
            inet_ntop(AF_INET6, &t->address.v6.sin6_addr, address, sizeof address);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s:%d", len ? " " : "", address,
                                ntohs(t->address.v4.sin_port));
    }
    return text;
}

/* The port that requests for this name reach by the first entry; 0: none. */
static int port_of(const struct route_snapshot *s, const char *name)
{
    const char *text = found(s, name, 0), *colon = strrchr(text, ':');

    return colon ? atoi(colon + 1) : 0;
}

static void nothing_is_known(void **state)
{
    struct route_snapshot *s = load();

    (void)state;
    assert_int_equal(route_count(s), 0);
    assert_string_equal(found(s, "a", 0), "unknown");
    assert_string_equal(found(s, "", 0), "unknown");
    route_unref(s);
    route_unref(NULL);
}

/* Its newest launch failed, and it has ended. */
static void put_failed(const char *subdomain)
{
    const struct launch l = {.id = "01A",
                             .subdomain = subdomain,
                             .by = "",
                             .request = "",
                             .reason = "it died",
                             .state = LAUNCH_FAILED};

    launch(subdomain, 5);
    assert_int_equal(store_launch_put(db, &l, &e), 0);
    end(subdomain);
}

static void what_has_failed(void **state)
{
    struct route_snapshot *s;
    int64_t version;

    (void)state;
    put_failed("broken");
    put_failed("other");
    put_failed("pat*");
    ready("oth*", 1, 1000);
    s = load();
    assert_string_equal(found(s, "broken", 0), "failed");
    assert_int_equal(port_of(s, "other"), 1000); /* a pattern serves it */
    assert_string_equal(found(s, "pattern", 0), "unknown");
    route_unref(s);
    version = store_route_version(db, &e);
    assert_int_equal(store_launch_dismiss(db, "broken", "01A", &e), 1);
    assert_true(store_route_version(db, &e) > version);
    s = load();
    assert_string_equal(found(s, "broken", 0), "unknown");
    route_unref(s);
}

static void three_answers(void **state)
{
    struct route_snapshot *s;

    (void)state;
    ready("ready", 1, 1000);
    launch("launched", 2);
    launch("waiting", 3);
    task("w", "waiting", PORTS({80, "10.0.0.2", 80, false}));
    ready("ended", 4, 1001);
    end("ended");
    ready("told", 5, 1002);
    assert_int_equal(store_task_stopping(db, "told", "x", &e), 0);
    s = load();
    assert_int_equal(route_count(s), 4);
    assert_string_equal(found(s, "ready", 0), "10.0.0.1:1000");
    assert_string_equal(found(s, "launched", 0), "starting");
    assert_string_equal(found(s, "waiting", 0), "starting");
    assert_string_equal(found(s, "ended", 0), "unknown");
    assert_string_equal(found(s, "told", 0), "starting");
    assert_string_equal(found(s, "READY", 0), "unknown"); /* names come in lower case */
    assert_string_equal(found(s, "read", 0), "unknown");
    assert_string_equal(found(s, "ready2", 0), "unknown");
    route_unref(s);
}

static void targets_by_listen_entry(void **state)
{
    struct route_snapshot *s;

    (void)state;
    launch("both", 1);
    task("b", "both", PORTS({80, "10.0.0.1", 80, true}, {3000, "10.0.0.1", 3000, true}));
    launch("one", 2);
    task("o", "one", PORTS({3000, "10.0.0.2", 3000, true}));
    launch("other", 3); /* a port that no entry targets */
    task("t", "other", PORTS({9999, "10.0.0.3", 9999, true}));
    launch("any", 4);
    task("a", "any", PORTS({0, "127.0.0.1", 40000, true}));
    launch("half", 5); /* 3000 is still to come */
    task("h", "half", PORTS({80, "10.0.0.5", 80, true}, {3000, "10.0.0.5", 3000, false}));
    s = load();
    assert_string_equal(found(s, "both", 0), "10.0.0.1:80");
    assert_string_equal(found(s, "both", 1), "10.0.0.1:3000");
    assert_string_equal(found(s, "both", 2), "10.0.0.1:80");
    assert_string_equal(found(s, "one", 0), "unknown");
    assert_string_equal(found(s, "one", 1), "10.0.0.2:3000");
    for (size_t i = 0; i < COUNT(listens); i++) {
        assert_string_equal(found(s, "other", i), "unknown");
        assert_string_equal(found(s, "any", i), "127.0.0.1:40000");
    }
    assert_string_equal(found(s, "half", 0), "10.0.0.5:80");
    assert_string_equal(found(s, "half", 1), "starting");
    route_unref(s);
}

/* Locally a task may say which port is for which entry, and which is for the others. */
static void own_target_before_any(void **state)
{
    struct route_snapshot *s;

    (void)state;
    launch("mixed", 1);
    task("m", "mixed", PORTS({0, "127.0.0.1", 40000, true}, {3000, "127.0.0.1", 43000, true}));
    s = load();
    assert_string_equal(found(s, "mixed", 0), "127.0.0.1:40000");
    assert_string_equal(found(s, "mixed", 1), "127.0.0.1:43000");
    route_unref(s);
}

static void several_tasks_share(void **state)
{
    struct route_snapshot *s;

    (void)state;
    launch("many", 1);
    task("m1", "many", PORTS({80, "10.0.0.1", 80, true}));
    task("m2", "many", PORTS({80, "fd00::2", 80, true}, {3000, "fd00::2", 3000, true}));
    task("m3", "many", PORTS({80, "10.0.0.3", 80, false}));
    task("m4", "many", PORTS({80, "nonsense", 80, true})); /* no address: passed over */
    launch("next", 2);
    task("n", "next", PORTS({80, "10.0.0.9", 80, true}));
    s = load();
    assert_string_equal(found(s, "many", 0), "10.0.0.1:80 fd00::2:80");
    assert_string_equal(found(s, "many", 1), "fd00::2:3000");
    assert_string_equal(found(s, "next", 0), "10.0.0.9:80");
    route_unref(s);
}

/* The reference document's own example. */
static void earliest_pattern_wins(void **state)
{
    struct route_snapshot *s;

    (void)state;
    ready("foo-*", 100, 1);
    ready("foo-bar-*", 200, 2);
    ready("*-baz", 300, 3);
    s = load();
    assert_int_equal(port_of(s, "foo-bar-baz"), 1);
    assert_int_equal(port_of(s, "x-baz"), 3);
    assert_int_equal(port_of(s, "foo"), 0);
    route_unref(s);

    end("foo-*");
    s = load();
    assert_int_equal(port_of(s, "foo-bar-baz"), 2);
    assert_int_equal(port_of(s, "foo-x"), 0);
    route_unref(s);

    end("foo-bar-*");
    s = load();
    assert_int_equal(port_of(s, "foo-bar-baz"), 3);
    route_unref(s);

    launch("foo-*", 400); /* launched again, it is the last */
    s = load();
    assert_int_equal(port_of(s, "foo-bar-baz"), 3);
    assert_int_equal(port_of(s, "foo-x"), 1);
    route_unref(s);
}

static void exact_before_pattern(void **state)
{
    struct route_snapshot *s;

    (void)state;
    ready("*", 1, 1);
    ready("foo", 2, 2);
    launch("bar", 3);
    s = load();
    assert_int_equal(port_of(s, "foo"), 2);
    assert_int_equal(port_of(s, "other"), 1);
    assert_string_equal(found(s, "bar", 0), "starting"); /* it is there, so it is not another's */
    assert_int_equal(port_of(s, "*"), 1);
    route_unref(s);
    end("foo");
    s = load();
    assert_int_equal(port_of(s, "foo"), 1);
    route_unref(s);
}

static void patterns_match_as_paths_do(void **state)
{
    struct route_snapshot *s;

    (void)state;
    ready("api-?-test", 1, 1);
    ready("foo[0-9]", 2, 2);
    launch("wait*", 3);
    s = load();
    assert_int_equal(port_of(s, "api-1-test"), 1);
    assert_int_equal(port_of(s, "api-12-test"), 0);
    assert_int_equal(port_of(s, "foo7"), 2);
    assert_int_equal(port_of(s, "foox"), 0);
    assert_string_equal(found(s, "waiting", 0), "starting");
    route_unref(s);
}

static void long_names_are_unknown(void **state)
{
    char name[70];
    struct route_snapshot *s;

    (void)state;
    ready("*", 1, 1);
    s = load();
    memset(name, 'a', sizeof name);
    for (size_t len = 0; len < sizeof name; len++) {
        struct route r;
        assert_int_equal(route_find(s, name, len, 0, &r),
                         len > 0 && len <= 63 ? ROUTE_READY : ROUTE_UNKNOWN);
    }
    route_unref(s);
}

/* An environment keeps its counter from snapshot to snapshot, and a pattern has one for all. */
static void counters(void **state)
{
    struct route_snapshot *s;
    struct route a, b, p, again;

    (void)state;
    ready("a", 1, 1);
    launch("b", 2);
    ready("p*", 3, 3);
    s = load();
    assert_int_equal(route_find(s, "a", 1, 0, &a), ROUTE_READY);
    assert_int_equal(route_find(s, "b", 1, 0, &b), ROUTE_STARTING);
    assert_int_equal(route_find(s, "p1", 2, 0, &p), ROUTE_READY);
    assert_int_equal(route_find(s, "p2", 2, 0, &again), ROUTE_READY);
    assert_int_equal(again.counter, p.counter);
    assert_true(a.counter != b.counter && b.counter != p.counter && a.counter != p.counter);
    assert_int_equal(p.counter, count_number(counts, "p*"));
    route_unref(s);
    end("a");
    s = load();
    assert_int_equal(route_find(s, "p1", 2, 0, &again), ROUTE_READY);
    assert_int_equal(again.counter, p.counter);
    route_unref(s);
    launch("a", 9);
    s = load();
    assert_int_equal(route_find(s, "a", 1, 0, &again), ROUTE_READY);
    assert_int_equal(again.counter, a.counter);
    route_unref(s);
}

static void old_snapshot_stays_as_it_was(void **state)
{
    struct route_snapshot *old, *new;

    (void)state;
    ready("a", 1, 1);
    old = load();
    end("a");
    ready("b", 2, 2);
    new = load();
    assert_int_equal(port_of(old, "a"), 1);
    assert_int_equal(port_of(old, "b"), 0);
    assert_int_equal(port_of(new, "a"), 0);
    assert_int_equal(port_of(new, "b"), 2);
    route_ref(old);
    route_unref(old);
    assert_int_equal(port_of(old, "a"), 1);
    route_unref(old);
    route_unref(new);
}

/* Where a host's own credentials are served, and where the proxy itself listens, is no task. */
static void addresses_that_are_no_tasks(void **state)
{
    static const char *const link_local[] = {
        "169.254.169.254", "169.254.170.2",          "fe80::1",
        "fd00:ec2::254",   "::ffff:169.254.169.254", "0.0.0.0"};
    struct config here = config;
    struct own_ports *own;
    struct route_snapshot *s;
    struct target t;
    struct route r;

    (void)state;
    here.listen.foreign_address = "0.0.0.0";
    own = own_ports_find(&here);
    for (size_t i = 0; i < COUNT(link_local); i++) {
        char name[32];
        snprintf(name, sizeof name, "bad-%zu", i);
        launch(name, 1);
        task(name, name, (struct port[]){{80, link_local[i], 8000, true}, {0}});
    }
    launch("loop", 1);
    task("loop", "loop", (struct port[]){{80, "127.9.9.9", 8080, true}, {0}});
    launch("near", 1);
    task("near", "near", (struct port[]){{80, "127.9.9.9", 8082, true}, {0}});
    launch("good", 1);
    task("good", "good", (struct port[]){{80, "10.0.0.1", 8080, true}, {0}});
    assert_int_equal(route_load(&s, db, &config, own, counts, &e), 0);
    for (size_t i = 0; i < COUNT(link_local); i++) {
        char name[32];
        snprintf(name, sizeof name, "bad-%zu", i);
        assert_int_not_equal(route_find(s, name, strlen(name), 0, &r), ROUTE_READY);
    }
    assert_int_not_equal(route_find(s, "loop", 4, 0, &r), ROUTE_READY);
    assert_int_equal(route_find(s, "near", 4, 0, &r), ROUTE_READY);
    assert_int_equal(route_find(s, "good", 4, 0, &r), ROUTE_READY);
    route_unref(s);
    own_ports_free(own);
    here.listen.foreign_address = "127.9.9.9";
    own = own_ports_find(&here);
    assert_true(target_parse(&t, "127.9.9.9:8080") && own_ports_have(own, &t));
    assert_true(target_parse(&t, "127.9.9.8:8080") && !own_ports_have(own, &t));
    assert_true(target_parse(&t, "127.9.9.9:8082") && !own_ports_have(own, &t));
    own_ports_free(own);
}

static void failure_gives_no_snapshot(void **state)
{
    struct route_snapshot *s = (struct route_snapshot *)&s;

    (void)state;
    ready("a", 1, 1);
    assert_true(db_run(db, "DROP VIEW route", DB_NO_BINDS, &e) >= 0);
    assert_int_equal(route_load(&s, db, &config, NULL, counts, &e), -1);
    assert_null(s);
    assert_true(*e.text);
}

static void ten_thousand(void **state)
{
    struct route_snapshot *s;
    char name[32];
    int64_t begin;

    (void)state;
    assert_int_equal(db_begin(db, &e), 0);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, i % 100 ? "env-%05d" : "p%05d-*", i);
        ready(name, 10000 - i, 1 + i);
    }
    assert_int_equal(db_commit(db, &e), 0);
    begin = clock_monotonic_ms();
    s = load();
    assert_int_equal(route_count(s), 10000);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, i % 100 ? "env-%05d" : "p%05d-x", i);
        if (port_of(s, name) != 1 + i)
            fail_msg("%s reaches %d", name, port_of(s, name));
    }
    assert_string_equal(found(s, "env-10000", 0), "unknown");
    assert_true(clock_monotonic_ms() - begin < 20000);
    route_unref(s);
}

/* Threads that take and drop references while they ask. */
static void *ask_often(void *snapshot)
{
    struct route r;

    for (int i = 0; i < 20000; i++) {
        route_ref(snapshot);
        if (route_find(snapshot, "a", 1, 0, &r) != ROUTE_READY || r.n_targets != 1)
            return snapshot;
        route_unref(snapshot);
    }
    route_unref(snapshot);
    return NULL;
}

static void last_reference_frees(void **state)
{
    struct route_snapshot *s;
    pthread_t threads[4];
    void *failed;

    (void)state;
    ready("a", 1, 1);
    s = load();
    for (size_t i = 0; i < COUNT(threads); i++) {
        route_ref(s);
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, s), 0);
    }
    route_unref(s); /* perhaps not the last one; a leak is the sanitizer's to find */
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_known),
        TEST(what_has_failed),
        TEST(three_answers),
        TEST(targets_by_listen_entry),
        TEST(own_target_before_any),
        TEST(several_tasks_share),
        TEST(earliest_pattern_wins),
        TEST(exact_before_pattern),
        TEST(patterns_match_as_paths_do),
        TEST(long_names_are_unknown),
        TEST(counters),
        TEST(old_snapshot_stays_as_it_was),
        TEST(addresses_that_are_no_tasks),
        TEST(failure_gives_no_snapshot),
        TEST(ten_thousand),
        TEST(last_reference_frees),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
