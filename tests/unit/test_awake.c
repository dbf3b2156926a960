/* When nothing falls asleep: the spans of sleep.awake, and what a zone's clocks show, also where
 * daylight saving begins and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "awake.h"
#include "clock.h"
#include "zone.h"

#include "skip.h"

#define TEST(name)   cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SUN, MON, TUE, WED, THU, FRI, SAT };

static void test_spans(void **state)
{
    static const struct {
        const char *span;
        int weekday, hour, minute;
        bool covered;
    } cases[] = {
        {"mon-fri 09:00-19:00", MON, 9, 0, true},   {"mon-fri 09:00-19:00", MON, 8, 59, false},
        {"mon-fri 09:00-19:00", FRI, 18, 59, true}, {"mon-fri 09:00-19:00", FRI, 19, 0, false},
        {"mon-fri 09:00-19:00", SAT, 12, 0, false}, {"Mon,Wed 09:00-19:00", TUE, 12, 0, false},
        {"mon,wed 09:00-19:00", WED, 12, 0, true},  {"sat-mon 00:00-24:00", SUN, 23, 59, true},
        {"sat-mon 00:00-24:00", TUE, 0, 0, false},  {"daily 22:00-02:00", SUN, 1, 59, true},
        {"daily 22:00-02:00", SUN, 2, 0, false},    {"fri 22:00-02:00", SAT, 1, 0, true},
        {"fri 22:00-02:00", FRI, 1, 0, false},      {"fri 22:00-02:00", FRI, 22, 0, true},
        {"sat 22:00-02:00", SUN, 0, 0, true},       {"mon,wed-fri 08:30-08:45", THU, 8, 30, true},
        {"daily  09:00-10:00", THU, 9, 59, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct awake_span span;
        struct err e;
        if (awake_parse(&span, cases[i].span, &e) < 0)
            fail_msg("%s: %s", cases[i].span, e.text);
        if (awake_covers(&span, cases[i].weekday, cases[i].hour * 60 + cases[i].minute) !=
            cases[i].covered)
            fail_msg("%s: weekday %d at %02d:%02d", cases[i].span, cases[i].weekday, cases[i].hour,
                     cases[i].minute);
    }
}

static void test_how_long(void **state)
{
    static const char *const office[] = {"mon-fri 09:00-19:00", "fri 18:30-20:00"};
    static const char *const night[] = {"daily 22:00-02:00"};
    static const char *const always[] = {"daily 00:00-12:00", "daily 12:00-24:00"};
    static const char *const week[] = {"mon-thu 00:00-24:00"};

    (void)state;
    assert_int_equal(awake_left(office, 2, MON, 8 * 60 + 59), 0);
    assert_int_equal(awake_left(office, 2, MON, 9 * 60), 600);
    assert_int_equal(awake_left(office, 2, MON, 18 * 60 + 59), 1);
    assert_int_equal(awake_left(office, 2, MON, 19 * 60), 0);
    assert_int_equal(awake_left(office, 2, FRI, 18 * 60), 120); /* one follows the other */
    assert_int_equal(awake_left(night, 1, SAT, 23 * 60), 180);
    assert_int_equal(awake_left(night, 1, SUN, 60), 60);
    assert_int_equal(awake_left(always, 2, TUE, 777), -1);
    assert_int_equal(awake_left(week, 1, MON, 0), 4 * 24 * 60);
    assert_int_equal(awake_left(week, 1, THU, 24 * 60 - 1), 1);
    assert_int_equal(awake_left(NULL, 0, MON, 0), 0);
}

static void test_mistakes(void **state)
{
    static const char *const texts[] = {
        "",
        "mon",
        "mon 9:00-19:00",
        "mon 09:00",
        "mon 09:00-25:00",
        "mon 09:60-10:00",
        "mon 09:00-09:00",
        "monday 09:00-10:00",
        "mon- 09:00-10:00",
        "mon, 09:00-10:00",
        "mon-fri09:00-10:00",
        "mon 09:00-10:00 ",
        "daily 24:00-02:00",
        "xyz 09:00-10:00",
        "mon 09:00-10:00,sat",
        "09:00-10:00",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct awake_span span;
        struct err e = {0};
        if (awake_parse(&span, texts[i], &e) == 0)
            fail_msg("'%s' was read", texts[i]);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.text, "expected days and times such as 'mon-fri 09:00-19:00'"));
    }
}

/* The clock of the zone at this time, as minutes since its Sunday's midnight. */
static int shows(const struct zone *zone, int64_t at_s)
{
    int weekday, minute;

    zone_clock(zone, at_s * 1000, &weekday, &minute);
    return weekday * 24 * 60 + minute;
}

/* A zone's clocks for the next year, against the library's own. */
static void test_zones(void **state)
{
    static const char *const names[] = {"Europe/Berlin",       "America/New_York", "Asia/Tokyo",
                                        "Australia/Lord_Howe", "Asia/Kathmandu",   "UTC"};
    int64_t now = clock_now_ms() / 1000;

    (void)state;
    if (!zone_exists("Europe/Berlin"))
        skip_because("the package tzdata is not installed");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone zone;
        struct err e;
        setenv("TZ", "Asia/Tokyo", 1);
        assert_int_equal(zone_load(&zone, names[i], &e), 0);
        assert_string_equal(getenv("TZ"), "Asia/Tokyo");
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t at = now; at < now + 366 * 86400; at += 1800) {
            time_t t = (time_t)at;
            struct tm tm;
            localtime_r(&t, &tm);
            if (shows(&zone, at) != tm.tm_wday * 24 * 60 + tm.tm_hour * 60 + tm.tm_min)
                fail_msg("%s at %lld", names[i], (long long)at);
        }
        zone_free(&zone);
    }
    setenv("TZ", "UTC", 1);
    tzset();
}

static void test_names(void **state)
{
    static const char *const none[] = {"",
                                       "Nowhere/Land",
                                       "/etc/passwd",
                                       "../../../etc/passwd",
                                       "Europe/../../../../etc/passwd",
                                       "./UTC"};

    (void)state;
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(zone_exists(none[i]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_spans), TEST(test_how_long), TEST(test_mistakes),
        TEST(test_zones), TEST(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
