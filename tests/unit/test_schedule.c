/* EventBridge's cron(): what is read, what is refused, and when it is next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "schedule.h"

#define TEST(name)   cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int64_t ms_of(const char *text)
{
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339(text, &ms), 0);
    return ms;
}

struct next {
    const char *schedule, *after, *expected; /* NULL: never */
};

static void check(const struct next *cases, size_t n, const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
    for (size_t i = 0; i < n; i++) {
        struct schedule s;
        struct err e;
        char text[CLOCK_TEXT_SIZE];
        int64_t at;
        if (schedule_parse(&s, cases[i].schedule, &e) < 0)
            fail_msg("%s: %s", cases[i].schedule, e.text);
        at = schedule_next(&s, ms_of(cases[i].after));
        if (cases[i].expected ? at != ms_of(cases[i].expected) : at != -1)
            fail_msg("%s after %s: %s, not %s", cases[i].schedule, cases[i].after,
                     at < 0 ? "never" : clock_rfc3339(at, text),
                     cases[i].expected ? cases[i].expected : "never");
    }
}

static void next_times(void **state)
{
    static const struct next cases[] = {
        {"* * * * ? *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
        {"* * * * ? *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00Z"},
        {"* * * * ? *", "2026-12-31T23:59:30Z", "2027-01-01T00:00:00Z"},
        {"0 3 * * ? *", "2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z"},
        {"0 3 * * ? *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z"},
        {"cron(0 3 * * ? *)", "2026-01-01T02:59:59Z", "2026-01-01T03:00:00Z"},
        {"  0\t3  *  *  ?  *  ", "2026-01-01T02:59:59Z", "2026-01-01T03:00:00Z"},
        {"*/15 * * * ? *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"},
        {"1/10 * * * ? *", "2026-01-01T00:21:00Z", "2026-01-01T00:31:00Z"},
        {"5,35 8-10 * * ? *", "2026-01-01T08:05:00Z", "2026-01-01T08:35:00Z"},
        {"5,35 8-10 * * ? *", "2026-01-01T10:35:00Z", "2026-01-02T08:05:00Z"},
        {"0 0-23/6 * * ? *", "2026-01-01T06:00:00Z", "2026-01-01T12:00:00Z"},
        {"0 9 ? * MON-FRI *", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"},
        {"0 9 ? * 2-6 *", "2026-11-21T00:00:00Z", "2026-11-23T09:00:00Z"},
        {"0 9 ? * sun,sat *", "2026-11-23T00:00:00Z", "2026-11-28T09:00:00Z"},
        {"0 9 ? * L *", "2026-11-23T00:00:00Z", "2026-11-28T09:00:00Z"},
        {"0 9 ? * 5L *", "2026-11-01T00:00:00Z", "2026-11-26T09:00:00Z"},
        {"0 9 ? * FRIL *", "2026-11-01T00:00:00Z", "2026-11-27T09:00:00Z"},
        {"0 9 ? * 3#2 *", "2026-11-01T00:00:00Z", "2026-11-10T09:00:00Z"},
        {"0 9 ? * MON#5 *", "2026-11-01T00:00:00Z", "2026-11-30T09:00:00Z"},
        {"0 9 ? * TUE#5 *", "2026-10-01T00:00:00Z", "2026-12-29T09:00:00Z"},
        {"0 9 31 * ? *", "2026-11-01T00:00:00Z", "2026-12-31T09:00:00Z"},
        {"0 9 L * ? *", "2026-02-01T00:00:00Z", "2026-02-28T09:00:00Z"},
        {"0 9 L 2 ? *", "2027-03-01T00:00:00Z", "2028-02-29T09:00:00Z"},
        {"0 9 LW * ? *", "2026-10-01T00:00:00Z", "2026-10-30T09:00:00Z"},
        {"0 9 3W * ? *", "2026-10-01T00:00:00Z", "2026-10-02T09:00:00Z"}, /* a Saturday */
        {"0 9 4W * ? *", "2026-10-03T00:00:00Z", "2026-10-05T09:00:00Z"}, /* a Sunday */
        {"0 9 1W * ? *", "2026-08-01T00:00:00Z", "2026-08-03T09:00:00Z"}, /* not the month before */
        {"0 9 31W * ? *", "2026-05-01T00:00:00Z", "2026-05-29T09:00:00Z"}, /* nor the one after */
        {"0 9 31W * ? *", "2026-06-01T00:00:00Z", "2026-07-31T09:00:00Z"}, /* June has no 31st */
        {"0 9 1,15,L * ? *", "2026-11-15T09:00:00Z", "2026-11-30T09:00:00Z"},
        {"0 0 29 FEB ? *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 29 2 ? 2100", "2026-01-01T00:00:00Z", NULL}, /* no leap year */
        {"0 0 30 2 ? *", "2026-01-01T00:00:00Z", NULL},
        {"0 0 1 1 ? 2027", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"0 0 1 1 ? 2025", "2026-01-01T00:00:00Z", NULL},
        {"0 0 1 JAN-MAR/2 ? 2026-2199/3", "2026-03-01T00:00:00Z", "2029-01-01T00:00:00Z"},
    };

    (void)state;
    check(cases, COUNT(cases), "UTC");
}

static void local_time(void **state)
{
    static const struct next berlin[] = {
        {"0 3 * * ? *", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"},
        {"0 3 * * ? *", "2026-07-01T00:00:00Z", "2026-07-01T01:00:00Z"},
        {"30 2 29 3 ? *", "2026-03-01T00:00:00Z", "2027-03-29T00:30:00Z"},  /* 2026: passed over */
        {"30 2 25 10 ? *", "2026-10-01T00:00:00Z", "2026-10-25T00:30:00Z"}, /* twice there: once */
    };

    (void)state;
    check(berlin, COUNT(berlin), "CET-1CEST,M3.5.0,M10.5.0/3");
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *error;
    } list[] = {
        {"", "expected six fields"},
        {"0 3 * * ?", "got 5"},
        {"0 3 * * ? * *", "got 7"},
        {"rate(5 minutes)", "got 2"},
        {"0 3 * * * *", "must be ?"},
        {"0 3 ? * ? *", "only one"},
        {"60 3 * * ? *", "minutes: '60'"},
        {"-1 3 * * ? *", "minutes"},
        {"0 24 * * ? *", "hours: '24'"},
        {"0 3 0 * ? *", "day of month: '0'"},
        {"0 3 32 * ? *", "day of month: '32'"},
        {"0 3 * 13 ? *", "month: '13'"},
        {"0 3 * JANUARY ? *", "month"},
        {"0 3 ? * 0 *", "day of week: '0'"},
        {"0 3 ? * 8 *", "day of week: '8'"},
        {"0 3 ? * MON#6 *", "day of week"},
        {"0 3 ? * MON#1,TUE#2 *", "day of week"},
        {"0 3 * * ? 1969", "year"},
        {"0 3 * * ? 2200", "year"},
        {"5-2 3 * * ? *", "minutes: '5-2'"},
        {"*/0 3 * * ? *", "minutes: '*/0'"},
        {"*/x 3 * * ? *", "minutes"},
        {"*/99 3 * * ? *", "minutes"},
        {"1, 3 * * ? *", "minutes: ''"},
        {",1 3 * * ? *", "minutes: ''"},
        {"L 3 * * ? *", "minutes: 'L'"},
        {"0 3W * * ? *", "hours: '3W'"},
        {"? 3 * * ? *", "minutes: '?'"},
        {"00000000000000000003 3 * * ? *", "minutes"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct schedule s;
        struct err e;
        if (schedule_parse(&s, list[i].text, &e) == 0)
            fail_msg("accepted: %s", list[i].text);
        if (!strstr(e.text, list[i].error))
            fail_msg("%s: %s", list[i].text, e.text);
    }
}

/* Minutes as clocks show them, whatever the machine's zone is. */
static void has_a_minute(void **state)
{
    static const struct {
        const char *schedule;
        int year, month, day, hour, minute;
        bool has;
    } cases[] = {
        {"45 7 ? * MON-FRI *", 2026, 11, 27, 7, 45, true}, /* a Friday */
        {"45 7 ? * MON-FRI *", 2026, 11, 28, 7, 45, false},
        {"45 7 ? * MON-FRI *", 2026, 11, 27, 7, 44, false},
        {"45 7 ? * MON-FRI *", 2026, 11, 27, 8, 45, false},
        {"0 0 L 2 ? *", 2028, 2, 29, 0, 0, true},
        {"0 0 1 1 ? 2027", 2028, 1, 1, 0, 0, false},
        {"* * * * ? *", 1969, 1, 1, 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct schedule s;
        struct err e;
        assert_int_equal(schedule_parse(&s, cases[i].schedule, &e), 0);
        if (schedule_has(&s, cases[i].year, cases[i].month, cases[i].day, cases[i].hour,
                         cases[i].minute) != cases[i].has)
            fail_msg("%s (%zu)", cases[i].schedule, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(next_times), TEST(local_time), TEST(mistakes),
                                       TEST(has_a_minute)};

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
