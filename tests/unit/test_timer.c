/* Timers: in order, stopped, set anew, and from inside `expired`. Time is a number here. */
#include "proxyd/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct named {
    struct timer timer;
    char name;
};

static char fired[4096];
static size_t n_fired;

static void note(struct timer *t)
{
    assert_null(t->list);
    fired[n_fired++] = ((struct named *)(void *)t)->name;
    fired[n_fired] = '\0';
}

static int forget(void **state)
{
    (void)state;
    n_fired = 0;
    fired[0] = '\0';
    return 0;
}

static void expire_in_order(void **state)
{
    struct timer_list l;
    struct named a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};

    (void)state;
    timer_list_init(&l, 100, note);
    timer_set(&a.timer, &l, 1000);
    timer_set(&b.timer, &l, 1000);
    timer_set(&c.timer, &l, 1050);
    timer_run(&l, 1099);
    assert_string_equal(fired, "");
    timer_run(&l, 1100);
    assert_string_equal(fired, "ab");
    timer_run(&l, 1149);
    assert_string_equal(fired, "ab");
    timer_run(&l, 99999);
    assert_string_equal(fired, "abc");
    assert_true(timer_next(&l) == INT64_MAX);
    timer_run(&l, 999999);
    assert_string_equal(fired, "abc");
}

/* First, middle, last and only one of a list are stopped. */
static void stopped_do_not_expire(void **state)
{
    (void)state;
    for (int stopped = 0; stopped < 8; stopped++) {
        struct timer_list l;
        struct named t[3] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
        char expected[4];
        size_t n = 0;

        forget(NULL);
        timer_list_init(&l, 1, note);
        for (int i = 0; i < 3; i++)
            timer_set(&t[i].timer, &l, i);
        for (int i = 0; i < 3; i++) {
            if (stopped & 1 << i)
                timer_stop(&t[i].timer);
            else
                expected[n++] = t[i].name;
        }
        expected[n] = '\0';
        timer_stop(&t[0].timer); /* again, or for the first time: both are fine */
        timer_run(&l, 10);
        assert_string_equal(fired, stopped & 1 ? expected : expected + 1);
        assert_true(timer_next(&l) == INT64_MAX);
    }
}

static void set_anew_goes_to_the_end(void **state)
{
    struct timer_list l, other;
    struct named a = {.name = 'a'}, b = {.name = 'b'};

    (void)state;
    timer_list_init(&l, 10, note);
    timer_list_init(&other, 5, note);
    timer_set(&a.timer, &l, 0);
    timer_set(&b.timer, &l, 1);
    timer_set(&a.timer, &l, 2);
    timer_run(&l, 11);
    assert_string_equal(fired, "b");
    timer_set(&a.timer, &other, 11); /* onto another list */
    timer_run(&l, 1000);
    assert_string_equal(fired, "b");
    timer_run(&other, 15);
    assert_string_equal(fired, "b");
    timer_run(&other, 16);
    assert_string_equal(fired, "ba");
}

static void zero_is_never(void **state)
{
    struct timer_list never, soon;
    struct named a = {.name = 'a'};

    (void)state;
    timer_list_init(&never, 0, note);
    timer_list_init(&soon, 1, note);
    timer_set(&a.timer, &never, 0);
    assert_null(a.timer.list);
    timer_run(&never, INT64_MAX);
    timer_set(&a.timer, &soon, 0);
    timer_set(&a.timer, &never, 0); /* and it stops the one that ran */
    timer_run(&soon, INT64_MAX);
    assert_string_equal(fired, "");
}

static struct timer_list again;
static struct named first = {.name = '1'}, second = {.name = '2'};
static int64_t now;

static void start_again(struct timer *t)
{
    note(t);
    timer_set(t, &again, now);
    timer_stop(&second.timer);
}

static void expired_may_set_and_stop(void **state)
{
    (void)state;
    timer_list_init(&again, 10, start_again);
    timer_set(&first.timer, &again, 0);
    timer_set(&second.timer, &again, 0);
    now = 10;
    timer_run(&again, now); /* the first one stops the second and starts itself again */
    assert_string_equal(fired, "1");
    now = 19;
    timer_run(&again, now);
    assert_string_equal(fired, "1");
    now = 20;
    timer_run(&again, now);
    assert_string_equal(fired, "11");
    timer_stop(&first.timer);
    assert_true(timer_next(&again) == INT64_MAX);
}

/* Many operations by chance against a plain array. */
static void as_a_model_says(void **state)
{
    enum { N = 16 };
    struct timer_list l;
    struct named t[N] = {0};
    int64_t due[N] = {0}, time = 0; /* 0: not running */

    (void)state;
    timer_list_init(&l, 50, note);
    srand(1);
    for (int i = 0; i < N; i++)
        t[i].name = (char)('a' + i);
    for (int step = 0; step < 20000; step++) {
        int i = rand() % N;
        time += rand() % 10;
        if (rand() % 4) {
            timer_set(&t[i].timer, &l, time);
            due[i] = time + 50;
        } else {
            timer_stop(&t[i].timer);
            due[i] = 0;
        }
        forget(NULL);
        timer_run(&l, time);
        for (int k = 0; k < N; k++) {
            bool is_due = due[k] && due[k] <= time;
            if (is_due != !!memchr(fired, t[k].name, n_fired))
                fail_msg("step %d: timer %d", step, k);
            if (is_due)
                due[k] = 0;
            assert_int_equal(!!t[k].timer.list, due[k] != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(expire_in_order, forget),
        cmocka_unit_test_setup(stopped_do_not_expire, forget),
        cmocka_unit_test_setup(set_anew_goes_to_the_end, forget),
        cmocka_unit_test_setup(zero_is_never, forget),
        cmocka_unit_test_setup(expired_may_set_and_stop, forget),
        cmocka_unit_test_setup(as_a_model_says, forget),
    };
    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
