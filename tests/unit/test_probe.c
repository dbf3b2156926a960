/* Which ports become ready: those that accept a connection, or that nobody sends requests to. The
 * unit is taken in whole, because the objects of mirage-sync are not linked to the tests. */
#include "cron/sync_probe.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "task_fixture.h"
#include "skip.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct db *db;
static struct err e;
static struct arena arena;
static struct config_listen listens[] = {{.listen = 8080, .target = 80}};
static struct config config = {.listen = {.http = listens, .n_http = 1}};

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

/* A socket at an address of this machine, listening or only bound (which refuses). Its port. */
static int bound(const char *address, bool listening, int *fd)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    struct sockaddr *at = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = is_v4 ? sizeof v4 : sizeof v6;

    if (!is_v4)
        assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    *fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, at, len) < 0 || (listening && listen(*fd, 300) < 0) ||
        getsockname(*fd, at, &len) < 0)
        return -1;
    return ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
}

/* The port was listened at before. */
static int listen_again(int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&v4, sizeof v4) < 0 || listen(fd, 1) < 0)
        fail_msg("port %d is not free", port);
    return fd;
}

static struct task task_of(const char *id, const char *status, struct task_port *ports, size_t n)
{
    struct task t = plain_task(id, id);

    t.last_status = status;
    t.created_at = clock_now_ms();
    t.started_at = 0;
    t.ports = ports;
    t.n_ports = n;
    return t;
}

static void put(const struct task *t)
{
    assert_int_equal(store_task_put(db, t, &e), 1);
}

/* Probes; returns whether something is still on its way up. */
static bool probe_again(bool again)
{
    bool starting = true;

    if (sync_probe(db, &config, again, &starting, &e) != 0)
        fail_msg("%s", e.text);
    return starting;
}

static bool probe(void)
{
    return probe_again(false);
}

static bool is_ready(const char *id, size_t port)
{
    struct task t;

    assert_int_equal(store_task_get(db, id, &arena, &t, &e), 1);
    assert_true(port < t.n_ports);
    return t.ports[port].ready;
}

static struct task_port port_of(const char *id)
{
    struct task t;

    assert_int_equal(store_task_get(db, id, &arena, &t, &e), 1);
    assert_int_equal(t.n_ports, 1);
    return t.ports[0];
}

static void nothing_to_do(void **state)
{
    (void)state;
    assert_false(probe());
}

static void who_accepts_is_ready(void **state)
{
    int open_fd, closed_fd;
    struct task_port open[] = {{.container = "app", .container_port = 80, .address = "127.0.0.1"}};
    struct task_port closed[] = {
        {.container = "app", .container_port = 80, .address = "127.0.0.1"}};
    struct task yes = task_of("yes", "RUNNING", open, 1), no = task_of("no", "RUNNING", closed, 1);

    (void)state;
    open[0].port = bound("127.0.0.1", true, &open_fd);
    closed[0].port = bound("127.0.0.1", false, &closed_fd);
    assert_true(open[0].port > 0 && closed[0].port > 0);
    put(&yes);
    put(&no);
    assert_true(probe()); /* the other is still to come */
    assert_true(is_ready("yes", 0));
    assert_false(is_ready("no", 0));
    assert_int_equal(listen(closed_fd, 1), 0);
    assert_false(probe());
    assert_true(is_ready("no", 0));
    close(open_fd); /* ready once is ready: it is not asked again */
    assert_false(probe());
    assert_true(is_ready("yes", 0));
    close(closed_fd);
}

/* What was ready keeps its routes; how long it accepts nothing is known. */
static void who_accepts_no_more_is_silent(void **state)
{
    struct task_port ports[] = {{.container = "app", .container_port = 80, .address = "127.0.0.1"}};
    struct task t = task_of("t", "RUNNING", ports, 1);
    int64_t before = clock_now_ms(), since;
    int fd;

    (void)state;
    ports[0].port = bound("127.0.0.1", true, &fd);
    put(&t);
    assert_false(probe());
    assert_int_equal(port_of("t").silent_since, 0);
    close(fd);
    assert_false(probe()); /* not looked at again yet */
    assert_int_equal(port_of("t").silent_since, 0);
    probe_again(true);
    since = port_of("t").silent_since;
    assert_true(since >= before && since <= clock_now_ms());
    assert_true(port_of("t").ready);
    probe_again(true);
    assert_int_equal(port_of("t").silent_since, since);
    assert_int_equal(store_task_get(db, "t", &arena, &t, &e), 1);
    assert_string_equal(task_disorder(&t, since + TASK_SILENT_MS - 1), "");
    assert_string_equal(task_disorder(&t, since + TASK_SILENT_MS),
                        "it has stopped answering at a port");
    fd = listen_again(ports[0].port);
    probe_again(true);
    assert_int_equal(port_of("t").silent_since, 0);
    close(fd);
}

/* --- launch.health ---------------------------------------------------------------------------- */

#define HALF "200 OK, and nothing behind this line"

/* Answers what comes with one status, and keeps the request. */
struct server {
    int fd;
    const char *status; /* "": no answer; HALF: it comes to no end */
    char request[1024];
};

static void *serve_one(void *arg)
{
    struct server *s = arg;
    int fd = accept(s->fd, NULL, NULL);
    char answer[128];
    ssize_t n;

    while (fd >= 0 && (n = read(fd, s->request, sizeof s->request - 1)) == 0) {
        close(fd); /* the probe connects first, and says nothing */
        fd = accept(s->fd, NULL, NULL);
    }
    if (fd < 0)
        return NULL;
    s->request[n > 0 ? n : 0] = '\0';
    n = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\n%s", s->status,
                 strcmp(s->status, HALF) ? "Content-Length: 100000\r\n\r\nbegun" : "");
    if (*s->status && write(fd, answer, (size_t)n) != n)
        fail_msg("cannot answer");
    while ((!*s->status || !strcmp(s->status, HALF)) && read(fd, answer, sizeof answer) > 0)
        continue; /* until the other gives up */
    close(fd);
    return NULL;
}

/* Whether the task answers when its port answers in that way; nothing: not at all. */
static bool answers(const char *id, const char *status, struct server *s)
{
    struct task_port ports[] = {{.container = "app", .container_port = 80, .address = "127.0.0.1"}};
    struct task t = task_of(id, "RUNNING", ports, 1);
    pthread_t thread;

    ports[0].port = bound("127.0.0.1", true, &s->fd);
    s->status = status;
    put(&t);
    assert_int_equal(pthread_create(&thread, NULL, serve_one, s), 0);
    probe();
    pthread_join(thread, NULL);
    close(s->fd);
    assert_true(port_of(id).ready);
    return port_of(id).answers;
}

static void health_is_asked_for(void **state)
{
    struct server s;

    (void)state;
    config.launch.health.path = "/healthz?all";
    config.launch.health.timeout_ms = 500;
    config.host.reverse_proxy_suffix = ".dev.example.net";
    assert_true(answers("good", "200 OK", &s)); /* its body is not waited for */
    assert_non_null(strstr(s.request, "GET /healthz?all HTTP/1.1\r\n"));
    assert_non_null(strstr(s.request, "\r\nHost: good.dev.example.net\r\n"));
    assert_true(answers("moved", "399 Moved", &s));
    assert_false(answers("busy", "503 Busy", &s));
    assert_false(answers("gone", "400 Bad", &s));
    assert_false(answers("odd", "99 ?", &s));
    assert_false(answers("mute", "", &s));
    assert_false(answers("half", HALF, &s));
    config.launch.health.path = NULL;
}

static void ipv6(void **state)
{
    struct task_port ports[] = {{.container = "app", .container_port = 80, .address = "::1"}};
    struct task t = task_of("six", "RUNNING", ports, 1);
    int fd;

    (void)state;
    ports[0].port = bound("::1", true, &fd);
    if (ports[0].port < 0)
        skip_because("there is no IPv6 here");
    put(&t);
    assert_false(probe());
    assert_true(is_ready("six", 0));
    close(fd);
}

static void only_running_tasks_with_an_address(void **state)
{
    struct task_port ports[] = {{.container = "app", .container_port = 80, .address = "127.0.0.1"}};
    struct task_port none[] = {{.container = "app", .container_port = 80, .address = ""}};
    struct task_port odd[] = {{.container = "app", .container_port = 80, .address = "nonsense"}};
    struct task pending = task_of("pending", "PENDING", ports, 1);
    struct task stopped = task_of("stopped", "STOPPED", ports, 1);
    struct task nowhere = task_of("nowhere", "RUNNING", none, 1);
    struct task nonsense = task_of("nonsense", "RUNNING", odd, 1);
    int fd;

    (void)state;
    ports[0].port = bound("127.0.0.1", true, &fd);
    put(&stopped);
    assert_false(probe());
    put(&pending);
    assert_true(probe());
    assert_false(is_ready("pending", 0));
    assert_false(is_ready("stopped", 0));
    put(&nowhere);
    put(&nonsense);
    assert_true(probe());
    assert_false(is_ready("nowhere", 0));
    assert_false(is_ready("nonsense", 0));
    close(fd);
}

static void nobody_waits_for_a_port_without_an_entry(void **state)
{
    int fd;
    struct task_port ports[] = {
        {.container = "a", .container_port = 3000, .address = "127.0.0.1"},
        {.container = "b", .container_port = 0, .address = "127.0.0.1"},
    };
    struct task t = task_of("t", "RUNNING", ports, 2);

    (void)state;
    ports[0].port = ports[1].port = bound("127.0.0.1", false, &fd);
    put(&t);
    assert_true(probe()); /* 0 is for every entry */
    assert_true(is_ready("t", 0));
    assert_false(is_ready("t", 1));
    close(fd);
}

/* One that never comes up does not keep everybody hurrying. */
static void old_tasks_are_not_waited_for(void **state)
{
    int fd;
    struct task_port ports[] = {{.container = "a", .container_port = 80, .address = "127.0.0.1"}};
    struct task t = task_of("old", "RUNNING", ports, 1), p = task_of("stuck", "PENDING", NULL, 0);

    (void)state;
    ports[0].port = bound("127.0.0.1", false, &fd);
    t.created_at -= STARTING_MS + 1000;
    p.created_at -= STARTING_MS + 1000;
    put(&t);
    put(&p);
    assert_false(probe());
    assert_int_equal(listen(fd, 1), 0); /* but it is tried, and may come up late */
    assert_false(probe());
    assert_true(is_ready("old", 0));
    close(fd);
}

/* More than are tried at once. */
static void many(void **state)
{
    enum { N = PROBES_MAX + 40 };
    static struct task_port ports[N];
    char id[16];
    int fd, port;

    (void)state;
    port = bound("127.0.0.1", true, &fd);
    assert_int_equal(db_begin(db, &e), 0);
    for (int i = 0; i < N; i++) {
        struct task t;
        ports[i] = (struct task_port){
            .container = "a", .container_port = 80, .address = "127.0.0.1", .port = port};
        snprintf(id, sizeof id, "t%d", i);
        t = task_of(id, "RUNNING", &ports[i], 1);
        put(&t);
    }
    assert_int_equal(db_commit(db, &e), 0);
    while (probe()) { /* the system may drop some of so many: they are tried again */
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0)
            close(peer);
    }
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "t%d", i);
        assert_true(is_ready(id, 0));
    }
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_to_do),
        TEST(who_accepts_is_ready),
        TEST(who_accepts_no_more_is_silent),
        TEST(health_is_asked_for),
        TEST(ipv6),
        TEST(only_running_tasks_with_an_address),
        TEST(nobody_waits_for_a_port_without_an_entry),
        TEST(old_tasks_are_not_waited_for),
        TEST(many),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
