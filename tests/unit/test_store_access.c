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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(access_by_the_minute),
        TEST(access_of_the_ended_is_forgotten),
    };
    return cmocka_run_group_tests_name("store_access", tests, NULL, NULL);
}
