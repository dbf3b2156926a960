/* How much CPU the list page takes: 500 environments, each with a task, parameters and an hour of
 * requests. From the request to the bytes for the web server, the database included. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "config/config.h"
#include "fcgi-app/router.h"
#include "store/db.h"
#include "store/store_access.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

enum { ENVIRONMENTS = 500, MINUTES = 60, ROUNDS = 60 };

static const char *variable(void *ctx, const char *name)
{
    if (!strcmp(name, "REQUEST_METHOD"))
        return "GET";
    if (!strcmp(name, "REQUEST_URI"))
        return ctx;
    return !strcmp(name, "HTTP_HOST") ? "mirage.localhost:8080" : NULL;
}

static size_t read_nothing(void *ctx, char *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return 0;
}

static _Noreturn void fail(const struct err *e)
{
    fprintf(stderr, "bench_list: %s\n", e->text);
    exit(1);
}

static void add_environment(struct db *db, struct arena *a, int i)
{
    const int64_t now = clock_now_ms();
    struct task_port port = {"app", 80, "10.0.0.1", 80, true, true, 0};
    const char *subdomain = arena_printf(a, "feature-%03d-a-name-of-usual-length", i);
    struct task task = {
        .arn =
            arena_printf(a, "arn:aws:ecs:ap-northeast-1:123456789012:task/dev/%032x", (unsigned)i),
        .short_id = arena_printf(a, "%032x", (unsigned)i),
        .subdomain = subdomain,
        .launch = "",
        .branch = arena_printf(a, "feature/%03d-a-branch", i),
        .taskdef = "myapp:123",
        .ipaddress = "10.0.0.1",
        .last_status = "RUNNING",
        .desired_status = "RUNNING",
        .env = "{\"SUBDOMAIN\":\"Y29vbA==\",\"GIT_BRANCH\":\"x\"}",
        .tags = "[{\"Key\":\"ManagedBy\",\"Value\":\"mirage-ecs\"},{\"Key\":\"launched_by\","
                "\"Value\":\"me\"},"
                "{\"Key\":\"size\",\"Value\":\"small\"}]",
        .stopped_reason = "",
        .stop_code = "",
        .created_at = now - 3600000,
        .started_at = now - 3600000,
        .ports = &port,
        .n_ports = 1,
    };
    const struct launch launch = {.id = "",
                                  .subdomain = subdomain,
                                  .at = now - 3600000,
                                  .by = "192.0.2.7",
                                  .request = "{\"taskdef\":[\"myapp\"],\"parameters\":{}}",
                                  .reason = "",
                                  .state = LAUNCH_READY,
                                  .ready_at = now - 3500000};
    struct err e;

    if (store_environment_launch(db, subdomain, now - 3600000, "", &e) < 0 ||
        store_launch_put(db, &launch, &e) < 0 || store_task_put(db, &task, &e) < 0 ||
        store_task_port_seen(db, task.arn, &port, &e) < 0)
        fail(&e);
    for (int minute = 0; minute < MINUTES; minute++)
        if (store_access_add(db, subdomain, now - minute * (int64_t)60000, 1 + minute * i % 97,
                             &e) < 0)
            fail(&e);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
    const double l = *(const double *)a;
    const double r = *(const double *)b;

    return (l > r) - (l < r);
}

static void measure(const struct services *with, const char *uri)
{
    const struct request_io io = {variable, read_nothing, (void *)(uintptr_t)uri};
    double took[ROUNDS];
    size_t size = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct response response = {0};
        struct buf out = {0};
        const double from = cpu_ms();
        bool is_head;

        router_answer(with, &io, &response, &is_head);
        response_write(&response, is_head, &out);
        took[i] = cpu_ms() - from;
        size = out.len;
        if (response.status != 200)
            exit(1);
        buf_free(&out);
        response_free(&response);
    }
    qsort(took, ROUNDS, sizeof(took[0]), by_size);
    printf("%-6s %d environments, %zu bytes: %.1f ms CPU (median of %d; least %.1f, most %.1f)\n",
           uri, ENVIRONMENTS, size, took[ROUNDS / 2], ROUNDS, took[0], took[ROUNDS - 1]);
}

int main(void)
{
    char folder[] = "/tmp/mirage-bench-XXXXXX";
    struct config_parameter parameters[] = {
        {.name = "branch"}, {.name = "launched_by"}, {.name = "size"}};
    struct config config = {.parameters = parameters, .n_parameters = 3, .web.server = "lighttpd"};
    struct services with = {.config = &config};
    struct templates *templates;
    struct arena arena = {0};
    struct err e = {.text = "no folder can be made in /tmp"};

    config.host.webapi = "mirage.localhost";
    config.host.reverse_proxy_suffix = ".localhost";
    if (!mkdtemp(folder) || db_open_state(&with.db, folder, &e) < 0 ||
        templates_load(&templates, MIRAGE_TESTS "/../html", MIRAGE_TESTS "/../html", &e) < 0)
        fail(&e);
    with.templates = templates;
    if (db_begin(with.db, &e) < 0)
        fail(&e);
    for (int i = 0; i < ENVIRONMENTS; i++)
        add_environment(with.db, &arena, i);
    if (db_commit(with.db, &e) < 0)
        fail(&e);
    measure(&with, "/");
    measure(&with, "/list");
    templates_free(templates);
    db_close(with.db);
    arena_free(&arena);
    for (int i = 0; i < 3; i++) {
        char path[64];

        snprintf(path, sizeof(path), "%s/mirage.db%s", folder,
                 (const char *const[]){"", "-wal", "-shm"}[i]);
        unlink(path);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
