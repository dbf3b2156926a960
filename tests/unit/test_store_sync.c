/* The sync's status, and looks that are asked for. */
#include "stores_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sync_status),
        TEST(looks_are_asked_for_and_answered),
    };
    return cmocka_run_group_tests_name("store_sync", tests, NULL, NULL);
}
