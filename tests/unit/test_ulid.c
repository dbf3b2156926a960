/* ULIDs: the specification's example, order, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ulid.h"

static void known_ids(void **state)
{
    static const struct {
        int64_t ms;
        unsigned char rest[ULID_REST];
        const char *id;
    } cases[] = {
        {0, {0}, "00000000000000000000000000"},
        {1, {0}, "00000000010000000000000000"},
        {1469918176385, {0}, "01ARYZ6S410000000000000000"}, /* the specification's own time */
        {281474976710655,
         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
        {0, {0, 0, 0, 0, 0, 0, 0, 0, 0, 31}, "0000000000000000000000000Z"},
        {0, {0, 0, 0, 0, 0, 0, 0, 0, 4, 0}, "00000000000000000000000100"},
        {0, {0x80}, "0000000000G000000000000000"},
        {-5, {0}, "00000000000000000000000000"},
        {INT64_MAX, {0}, "7ZZZZZZZZZ0000000000000000"},
    };
    char id[ULID_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ulid_make(cases[i].ms, cases[i].rest, id);
        assert_string_equal(id, cases[i].id);
        assert_true(ulid_is_valid(id));
    }
}

static void time_comes_back(void **state)
{
    static const int64_t times[] = {0, 1, 31, 32, 1469918176385, 1795900000000, 281474976710655};
    char id[ULID_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        ulid_new(times[i], id);
        assert_true(ulid_is_valid(id));
        assert_int_equal(ulid_ms(id), times[i]);
    }
}

static void later_ones_sort_behind(void **state)
{
    char before[ULID_SIZE], id[ULID_SIZE];

    (void)state;
    ulid_new(0, before);
    for (int64_t ms = 1; ms < (int64_t)1 << 47; ms = ms * 3 + 1) {
        ulid_new(ms, id);
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof id);
    }
    ulid_new(5, before);
    ulid_new(5, id);
    assert_string_not_equal(before, id);
}

static void not_valid(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "0000000000000000000000000",
        "000000000000000000000000000",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "0000000000000000000000000I",
        "0000000000000000000000000a",
        "0000000000000000000000000 ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(ulid_is_valid(texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ids),
        cmocka_unit_test(time_comes_back),
        cmocka_unit_test(later_ones_sort_behind),
        cmocka_unit_test(not_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
