/* Times and their texts: RFC 3339 both ways, and HTTP's date. */
#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct moment {
    const char *text;
    int64_t ms;
};

/* Texts of exactly the form that clock_rfc3339() writes. */
static const struct moment written[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1970-01-01T00:00:00.999Z", 999},
    {"1970-01-01T00:00:01.000Z", 1000},
    {"1969-12-31T23:59:59.999Z", -1},
    {"1969-12-31T23:59:59.000Z", -1000},
    {"1969-12-31T23:59:58.999Z", -1001},
    {"2000-02-29T12:00:00.000Z", INT64_C(951825600000)},
    {"2000-03-01T00:00:00.000Z", INT64_C(951868800000)},
    {"2023-02-28T23:59:59.999Z", INT64_C(1677628799999)},
    {"2024-02-29T00:00:00.000Z", INT64_C(1709164800000)},
    {"2024-12-31T23:59:59.000Z", INT64_C(1735689599000)},
    {"2026-01-02T15:04:05.999Z", INT64_C(1767366245999)},
    {"2038-01-19T03:14:08.000Z", INT64_C(2147483648000)},
    {"2100-02-28T00:00:00.000Z", INT64_C(4107456000000)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    {"1600-02-29T00:00:00.000Z", INT64_C(-11670998400000)},
    {"0999-01-01T00:00:00.000Z", INT64_C(-30641760000000)},
    {"0001-01-01T00:00:00.000Z", INT64_C(-62135596800000)},
};

static void writes(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(written); i++) {
        assert_ptr_equal(clock_rfc3339(written[i].ms, text), text);
        assert_string_equal(text, written[i].text);
    }
}

static void check_read(const struct moment *m)
{
    int64_t ms = -7;

    if (clock_parse_rfc3339(m->text, &ms) != 0)
        fail_msg("refused: %s", m->text);
    if (ms != m->ms)
        fail_msg("%s is %lld, not %lld", m->text, (long long)ms, (long long)m->ms);
}

static void reads(void **state)
{
    static const struct moment others[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T09:00:00+09:00", 0},
        {"1969-12-31T14:30:00-09:30", 0},
        {"1970-01-02T00:00:00+23:59", 60000},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.05Z", 50},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T00:00:00.0009999999999999999999999Z", 0},
        {"1970-01-01T00:00:00.999999+00:00", 999},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second is the next second */
        {"2026-01-02T15:04:05.999+09:00", INT64_C(1767333845999)},
        {"2024-02-29T23:59:59-12:00", INT64_C(1709294399000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(written); i++)
        check_read(&written[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        check_read(&others[i]);
}

static const char *const no_times[] = {
    "",
    "now",
    "2026",
    "2026-01-02",
    "2026-01-02T15:04Z",
    "2026-01-02T15:04:05",
    "2026-01-02 15:04:05Z",
    "2026-01-02T15:04:05 Z",
    " 2026-01-02T15:04:05Z",
    "2026-01-02T15:04:05Z ",
    "2026-01-02T15:04:05ZZ",
    "2026-01-02T15:04:05Z+00:00",
    "2026-01-02T15:04:05.Z",
    "2026-01-02T15:04:05,5Z",
    "2026-01-02T15:04:05.-5Z",
    "2026-01-02T15:04:05+9:00",
    "2026-01-02T15:04:05+0900",
    "2026-01-02T15:04:05+09",
    "2026-01-02T15:04:05+24:00",
    "2026-01-02T15:04:05+09:60",
    "2026-01-02T15:04:05*09:00",
    "2026-00-02T15:04:05Z",
    "2026-13-02T15:04:05Z",
    "2026-01-00T15:04:05Z",
    "2026-01-32T15:04:05Z",
    "2026-04-31T15:04:05Z",
    "2026-06-31T15:04:05Z",
    "2026-02-29T15:04:05Z",
    "2023-02-29T15:04:05Z",
    "2100-02-29T15:04:05Z",
    "1900-02-29T15:04:05Z",
    "2024-02-30T15:04:05Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T15:60:05Z",
    "2026-01-02T15:04:61Z",
    "26-01-02T15:04:05Z",
    "02026-01-02T15:04:05Z",
    "2026-1-02T15:04:05Z",
    "2026-01-2T15:04:05Z",
    "2026-01-02T5:04:05Z",
    "2026/01/02T15:04:05Z",
    "-026-01-02T15:04:05Z",
    "+026-01-02T15:04:05Z",
    "2026-01-02T15:04:+5Z",
    "2026-01-02T15:04:05\xc2\xb0Z",
    "1767366245",
    "Fri, 02 Jan 2026 15:04:05 GMT",
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_times); i++) {
        int64_t ms;
        if (clock_parse_rfc3339(no_times[i], &ms) != -1)
            fail_msg("accepted: %s", no_times[i]);
    }
}

/* Every prefix of a good text is no time. */
static void refuses_cut_texts(void **state)
{
    static const char text[] = "2026-01-02T15:04:05.999+09:00";
    char cut[sizeof text];
    int64_t ms;

    (void)state;
    for (size_t n = 0; n < sizeof text - 1; n++) {
        memcpy(cut, text, n);
        cut[n] = '\0';
        assert_int_equal(clock_parse_rfc3339(cut, &ms), -1);
    }
    assert_int_equal(clock_parse_rfc3339(text, &ms), 0);
}

/* Every day of 400 years, there and back. */
static void every_day_of_a_cycle(void **state)
{
    const int64_t day = 86400000, first = INT64_C(-11676096000000); /* 1600-01-01 */
    char text[CLOCK_TEXT_SIZE];
    int64_t ms;

    (void)state;
    for (int64_t i = 0; i < 146097; i++) {
        clock_rfc3339(first + i * day + 12345, text);
        assert_int_equal(clock_parse_rfc3339(text, &ms), 0);
        assert_true(ms == first + i * day + 12345);
    }
    assert_string_equal(text, "1999-12-31T00:00:12.345Z");
}

static void http_date(void **state)
{
    static const struct moment dates[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Fri, 02 Jan 2026 15:04:05 GMT", INT64_C(1767366245999)},
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
        {"Thu, 29 Feb 2024 00:00:00 GMT", INT64_C(1709164800000)},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Sat, 31 Dec 2022 23:59:59 GMT", INT64_C(1672531199500)},
    };
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++)
        assert_string_equal(clock_imf_fixdate(dates[i].ms, text), dates[i].text);
}

static void clocks_go_on(void **state)
{
    int64_t before = (int64_t)time(NULL), now = clock_now_ms(), mono = clock_monotonic_ms();

    (void)state;
    assert_true(now >= before * 1000 && now <= ((int64_t)time(NULL) + 1) * 1000);
    assert_true(clock_monotonic_ms() >= mono);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_cut_texts),
        cmocka_unit_test(every_day_of_a_cycle),
        cmocka_unit_test(http_date),
        cmocka_unit_test(clocks_go_on),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
