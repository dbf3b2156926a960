/* How long starts take: percentiles, and the table that remembers the last ones. */
#include "stores_fixture.h"

#include "start_time.h"
#include "store/store_start_time.h"

static void usual(const int64_t *took, size_t n, int64_t median, int64_t p90)
{
    int64_t copy[32];
    struct start_usual u = {0};

    memcpy(copy, took, n * sizeof *took);
    assert_true(start_time_usual(copy, n, &u));
    assert_int_equal(u.median_ms, median);
    assert_int_equal(u.p90_ms, p90);
}

static void median_and_ninetieth_percentile(void **state)
{
    int64_t two[] = {1, 2}, twenty[20];
    struct start_usual u;

    (void)state;
    assert_false(start_time_usual(two, 0, &u));
    assert_false(start_time_usual(two, 2, &u));
    usual((int64_t[]){30, 10, 20}, 3, 20, 30);
    usual((int64_t[]){40, 10, 30, 20}, 4, 20, 40);
    usual((int64_t[]){5, 5, 5, 5, 5}, 5, 5, 5);
    usual((int64_t[]){10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 10, 5, 9);
    for (int i = 0; i < 20; i++)
        twenty[i] = 1000 * ((i * 7) % 20 + 1); /* 1000 to 20000, shuffled */
    usual(twenty, 20, 10000, 18000);
}

static void what_is_left(void **state)
{
    const struct start_usual u = {45000, 80000};

    (void)state;
    assert_int_equal(start_time_left(&u, 0), 45000);
    assert_int_equal(start_time_left(&u, 44000), 1000);
    assert_int_equal(start_time_left(&u, 45000), 0);
    assert_int_equal(start_time_left(&u, 45001), 34999);
    assert_int_equal(start_time_left(&u, 80001), -1);
}

static void add(const char *taskdef, const char *id, int64_t at, int64_t ready_at)
{
    const struct launch l = {.id = id, .subdomain = "a", .at = at, .ready_at = ready_at};

    assert_int_equal(store_start_time_add(db, taskdef, &l, &e), 0);
}

static size_t list(const char *taskdef, int64_t took[START_TIMES_MAX])
{
    size_t n;

    assert_int_equal(store_start_time_list(db, taskdef, &arena, took, &n, &e), 0);
    return n;
}

static void the_last_twenty_of_each_family(void **state)
{
    int64_t took[START_TIMES_MAX];
    struct sync_status sync;

    (void)state;
    assert_int_equal(store_sync_get(db, &arena, &sync, &e), 0);
    assert_int_equal(list("app:1", took), 0);
    for (int i = 0; i < 25; i++)
        add(arena_printf(&arena, "app:%d", i % 3), arena_printf(&arena, "%02d", i),
            sync.made_at + i * 1000, sync.made_at + i * 1000 + i);
    add("other", "x", sync.made_at, sync.made_at + 7);
    assert_int_equal(list("app:99", took), 20); /* the latest first */
    assert_int_equal(took[0], 24);
    assert_int_equal(took[19], 5);
    assert_int_equal(list("app", took), 20);
    assert_int_equal(list("other:1", took), 1);
    assert_int_equal(took[0], 7);
    assert_int_equal(list("ap", took), 0);
}

static void what_says_nothing_is_not_noted(void **state)
{
    int64_t took[START_TIMES_MAX];
    struct sync_status sync;

    (void)state;
    assert_int_equal(store_sync_get(db, &arena, &sync, &e), 0);
    add("app", "", sync.made_at, sync.made_at + 1);                /* without an id */
    add("app", "old", sync.made_at - 1, sync.made_at + 1);         /* ready for long, perhaps */
    add("app", "clock", sync.made_at + 5000, sync.made_at + 4000); /* another copy's clock */
    assert_int_equal(list("app", took), 0);
    add("app", "one", sync.made_at, sync.made_at + 5);
    add("app", "one", sync.made_at, sync.made_at + 6); /* its second task */
    assert_int_equal(list("app", took), 1);
    assert_int_equal(took[0], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(median_and_ninetieth_percentile),
        TEST(what_is_left),
        TEST(the_last_twenty_of_each_family),
        TEST(what_says_nothing_is_not_noted),
    };
    return cmocka_run_group_tests_name("start_time", tests, NULL, NULL);
}
