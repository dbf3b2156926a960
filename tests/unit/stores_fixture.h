/* A database in memory for each test, and what several tables' tests put into it. */
#ifndef MIRAGE_TESTS_STORES_FIXTURE_H
#define MIRAGE_TESTS_STORES_FIXTURE_H

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
#include "store/store_access.h"
#include "store/store_environment.h"
#include "store/store_route.h"
#include "store/store_sync.h"
#include "store/store_task.h"

#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct db *db;
static struct arena arena;
static struct err e;

static inline int open_memory(void **state)
{
    (void)state;
    return db_open(&db, ":memory:", &e);
}

static inline int close_memory(void **state)
{
    (void)state;
    db_close(db);
    arena_free(&arena);
    return 0;
}

/* A running task with one port. The ARN is made of the id. */
static inline struct task task_of(const char *id, const char *subdomain, struct task_port *port)
{
    struct task t = plain_task(id, subdomain);

    *port = (struct task_port){
        .container = "app", .container_port = 80, .address = "10.0.0.1", .port = 80};
    t.arn = arena_printf(&arena, "arn:aws:ecs:r:1:task/dev/%s", id);
    t.ports = port;
    t.n_ports = 1;
    return t;
}

static inline void put(const struct task *t)
{
    if (store_task_put(db, t, &e) < 0)
        fail_msg("%s", e.text);
}

/* Puts a task of this id and status, its port ready if asked for, created then. */
static inline void put_task(const char *id, const char *subdomain, const char *status, bool ready,
                            int64_t created_at)
{
    struct task_port port;
    struct task t = task_of(id, subdomain, &port);

    t.last_status = status;
    t.created_at = created_at;
    put(&t);
    if (ready)
        assert_int_equal(put_ready(db, t.arn, &port), 0);
}

static inline struct task get(const char *id)
{
    struct task t = {0};

    assert_int_equal(store_task_get(db, id, &arena, &t, &e), 1);
    return t;
}

static inline int64_t version(void)
{
    int64_t v = store_route_version(db, &e);

    assert_true(v > 0);
    return v;
}

static inline void launch(const char *subdomain, int64_t at)
{
    assert_int_equal(store_environment_launch(db, subdomain, at, "", &e), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)

#endif
