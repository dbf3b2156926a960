/* When counts are reported: shortly after each minute, none a minute late. The unit is taken in
 * whole, because the objects of mirage-sync are not linked to the tests. */
#include "cron/job.c"
#include "cron/sync_report.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BEGIN (29931861 * (int64_t)MINUTE_MS)

static void waits_for_the_end_of_the_minute(void **state)
{
    (void)state;
    for (int64_t now = BEGIN; now < BEGIN + 2 * MINUTE_MS; now += 7) {
        int64_t minute = first_open(now), then = now + until_over(minute, now);

        assert_int_equal(then, (minute + 1) * MINUTE_MS + SETTLE_MS);
        assert_int_equal(first_open(then), minute + 1);
        assert_true(then > now && then - now <= MINUTE_MS);
    }
}

/* Clocks are read in whole milliseconds: a wait may end just before, and the pass just after. */
static void a_wait_that_ends_early_costs_no_minute(void **state)
{
    const int64_t due = BEGIN + SETTLE_MS;

    (void)state;
    for (int64_t early = 1; early <= 3; early++)
        for (int64_t took = 0; took < 100; took++) {
            int64_t minute = first_open(due - early);
            assert_int_equal(until_over(minute, due - early + took),
                             took < early ? early - took : 0);
        }
}

static void a_clock_that_was_set_back_costs_no_more_than_a_minute(void **state)
{
    (void)state;
    assert_int_equal(until_over(first_open(BEGIN), BEGIN - 3600000), MINUTE_MS);
    assert_int_equal(until_over(first_open(BEGIN), BEGIN + 3600000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_the_end_of_the_minute),
        cmocka_unit_test(a_wait_that_ends_early_costs_no_minute),
        cmocka_unit_test(a_clock_that_was_set_back_costs_no_more_than_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
