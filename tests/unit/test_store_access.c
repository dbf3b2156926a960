/* Access counts by the minute. */
#include "stores_fixture.h"

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

#define MINUTE INT64_C(60000)

/* The counts that are due before `before`, as `subdomain kind count delta` for each. */
static const char *due(int64_t before)
{
    static char text[512];
    struct access_row *rows;
    struct arena a = {0};
    size_t n;
    int len = 0;

    assert_int_equal(store_access_unreported(db, before, 100, &a, &rows, &n, &e), 0);
    for (size_t i = 0; i < n; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s %s %d %d;", rows[i].subdomain,
                        rows[i].kind == ACCESS_IGNORED ? "ignored" : "counted", (int)rows[i].count,
                        (int)rows[i].delta);
    assert_int_equal(store_access_reported(db, rows, n, &e), 0);
    arena_free(&a);
    text[len] = '\0';
    return text;
}

static void what_is_ignored_is_counted_apart(void **state)
{
    (void)state;
    assert_int_equal(store_access_add_ignored(db, "a", 10 * MINUTE, 5, &e), 0);
    assert_int_equal(store_access_add_ignored(db, "a", 10 * MINUTE, 2, &e), 0);
    assert_int_equal(store_access_add(db, "b", 10 * MINUTE, 3, &e), 0);
    assert_int_equal(store_access_add_ignored(db, "b", 10 * MINUTE, 4, &e), 0);
    assert_int_equal(store_access_sum(db, "a", 0, &e), 0); /* what a purge reads */
    assert_int_equal(store_access_sum(db, "b", 0, &e), 3);
    assert_int_equal(store_access_sum_of(db, ACCESS_IGNORED, "a", 0, &e), 7);
    assert_int_equal(store_access_sum_of(db, ACCESS_IGNORED, "b", 0, &e), 4);
    assert_int_equal(store_access_unreported_sum(db, ACCESS_COUNTED, "a", 0, &e), 0);
    assert_int_equal(store_access_unreported_sum(db, ACCESS_IGNORED, "a", 0, &e), 7);
    /* No zero of "a": it has no task that runs. */
    assert_string_equal(due(11), "a ignored 7 7;b counted 3 3;b ignored 4 4;");
    assert_string_equal(due(11), "");
    assert_int_equal(store_access_unreported_sum(db, ACCESS_IGNORED, "a", 0, &e), 0);
    assert_int_equal(store_access_add_ignored(db, "b", 10 * MINUTE, 1, &e), 0);
    assert_string_equal(due(11), "b ignored 5 1;");
    assert_int_equal(store_access_add(db, "a", 10 * MINUTE, 1, &e), 0);
    assert_string_equal(due(11), "a counted 1 1;");
}

static void a_minute_of_ignored_requests_has_its_zero(void **state)
{
    (void)state;
    put_task("t1", "a", "RUNNING", true, 1);
    assert_int_equal(store_access_add_ignored(db, "a", 10 * MINUTE, 5, &e), 0);
    assert_int_equal(store_access_zeros(db, 10, &e), 0);
    assert_int_equal(store_access_zeros(db, 11, &e), 0);
    assert_string_equal(due(12), "a counted 0 0;a ignored 5 5;a counted 0 0;");
    assert_string_equal(due(12), "");
}

static void what_is_ignored_waits_for_cloudwatch_too(void **state)
{
    (void)state;
    assert_int_equal(store_access_add_ignored(db, "a", 10 * MINUTE, 5, &e), 0);
    assert_int_equal(store_access_forget(db, 11, 1, &e), 0);
    assert_string_equal(due(11), "a ignored 5 5;");
    assert_int_equal(store_access_forget(db, 11, 1, &e), 0);
    assert_int_equal(store_access_sum_of(db, ACCESS_IGNORED, "a", 0, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(access_by_the_minute),
        TEST(access_of_the_ended_is_forgotten),
        TEST(what_is_ignored_is_counted_apart),
        TEST(a_minute_of_ignored_requests_has_its_zero),
        TEST(what_is_ignored_waits_for_cloudwatch_too),
    };
    return cmocka_run_group_tests_name("store_access", tests, NULL, NULL);
}
