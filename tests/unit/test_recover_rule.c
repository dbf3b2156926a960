/* What was lost is launched again: when, under which id, and when it is given up. */
#include "recover_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND       INT64_C(1000)
#define MINUTE       (60 * SECOND)
#define NOW          INT64_C(1800000000000)
#define DEFAULT      (RECOVER_SPOT | RECOVER_INFRASTRUCTURE)
#define MOST         12

static struct arena arena;
static struct launch launches[MOST];
static struct task tasks[MOST];
static struct launch_seen seen[MOST];
static size_t n;

static int begin(void **state)
{
    (void)state;
    n = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *id_at(int64_t ms)
{
    const unsigned char rest[ULID_REST] = {1};
    char *id = arena_alloc(&arena, ULID_SIZE);

    ulid_make(ms, rest, id);
    return id;
}

/* A launch with one task. stop_code NULL: it runs. */
static void add(const char *id, enum launch_state state, int64_t at, const char *stop_code,
                int64_t stopped_at)
{
    bool ready = state == LAUNCH_READY || state == LAUNCH_DRAINING;
    struct task *t = &tasks[n];

    launches[n] = (struct launch){.id = id,
                                  .subdomain = "shop",
                                  .at = at,
                                  .by = "",
                                  .request = "",
                                  .reason = "",
                                  .state = state,
                                  .ready_at = ready ? at : 0};
    *t = plain_task(id, "shop");
    t->launch = id;
    if (stop_code) {
        t->last_status = t->desired_status = "STOPPED";
        t->stop_code = stop_code;
        t->stopped_at = stopped_at;
    }
    seen[n] = (struct launch_seen){&launches[n], t, 1};
    n++;
}

static struct recovery decide(unsigned kinds)
{
    return recover_decide(seen, n, kinds, NOW, &arena);
}

static void by_stop_code(void **state)
{
    static const struct {
        const char *code;
        unsigned kinds;
        int what;
    } list[] = {
        {"SpotInterruption", DEFAULT, RECOVER_NOW},
        {"TerminationNotice", DEFAULT, RECOVER_NOW},
        {"InfrastructureHealth", DEFAULT, RECOVER_NOW},
        {"ServiceSchedulerInitiated", DEFAULT, RECOVER_NOW},
        {"EssentialContainerExited", DEFAULT, RECOVER_NOT},
        {"TaskFailedToStart", DEFAULT, RECOVER_NOT},
        {"UserInitiated", DEFAULT, RECOVER_NOT},
        {"", DEFAULT, RECOVER_NOT},
        {NULL, DEFAULT, RECOVER_NOT},
        {"EssentialContainerExited", RECOVER_CRASH, RECOVER_NOW},
        {"TaskFailedToStart", RECOVER_START, RECOVER_NOW},
        {"SpotInterruption", RECOVER_CRASH | RECOVER_START, RECOVER_NOT},
        {"UserInitiated", ~0U, RECOVER_NOT},
        {"SpotInterruption", 0, RECOVER_NOT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct recovery r;
        n = 0;
        add(id_at(NOW - 60 * MINUTE), LAUNCH_READY, NOW - 60 * MINUTE, list[i].code, NOW - 1);
        r = decide(list[i].kinds);
        if ((int)r.what != list[i].what)
            fail_msg("%s: %d", list[i].code ? list[i].code : "it runs", r.what);
        assert_int_equal(!*r.text, r.what == RECOVER_NOT);
    }
}

/* Spot gives two minutes: so long it stops, and has no time of its end. */
static void what_is_still_stopping(void **state)
{
    struct recovery r;

    (void)state;
    add(id_at(NOW - 60 * MINUTE), LAUNCH_READY, NOW - 60 * MINUTE, "SpotInterruption", 0);
    tasks[0].last_status = "DEPROVISIONING";
    r = decide(DEFAULT);
    assert_int_equal(r.what, RECOVER_NOW);
    assert_true(r.at != 0 && r.at <= NOW); /* 0 would be never */
}

static void nothing_without_launches(void **state)
{
    (void)state;
    assert_int_equal(decide(~0U).what, RECOVER_NOT);
}

/* Copies that see other tasks of the launch lost, at other times, come to the same id. */
static void the_id_is_that_of_the_launch(void **state)
{
    const char *id = id_at(NOW - 60 * MINUTE);
    struct task two[2];
    struct recovery first, second, both;

    (void)state;
    add(id, LAUNCH_READY, NOW - 60 * MINUTE, "SpotInterruption", NOW - 5000);
    first = decide(DEFAULT);
    two[0] = tasks[0];
    two[0].arn = "other";
    two[0].stopped_at = NOW - 100;
    two[1] = tasks[0];
    seen[0].tasks = two;
    second = decide(DEFAULT);
    seen[0].n_tasks = 2;
    both = decide(DEFAULT);
    assert_string_equal(first.id, second.id);
    assert_string_equal(first.id, both.id);
    assert_true(ulid_is_valid(first.id));
    assert_true(strcmp(first.id, id) > 0); /* it is newer */
    assert_int_equal(ulid_ms(first.id), ulid_ms(id) + 1);
    assert_int_equal(both.at, NOW - 5000);
    launches[0].subdomain = "other";
    assert_string_not_equal(decide(DEFAULT).id, first.id);
}

static void tasks_without_an_id(void **state)
{
    (void)state;
    add("", LAUNCH_READY, NOW - MINUTE, "SpotInterruption", NOW - 1);
    assert_int_equal(decide(DEFAULT).what, RECOVER_NOW);
    assert_int_equal(ulid_ms(decide(DEFAULT).id), 1);
}

static void what_is_newer_is_waited_for(void **state)
{
    (void)state;
    add(id_at(NOW - 60 * MINUTE), LAUNCH_READY, NOW - 60 * MINUTE, "SpotInterruption", NOW - 1);
    add(id_at(NOW - MINUTE), LAUNCH_STARTING, NOW - MINUTE, NULL, 0);
    assert_int_equal(decide(DEFAULT).what, RECOVER_NOT);
    launches[1].state = LAUNCH_FAILED;
    assert_int_equal(decide(DEFAULT).what, RECOVER_NOW);
    assert_int_equal(decide(DEFAULT).of, 0);
    launches[1].state = LAUNCH_READY; /* it serves now: what the old one loses is of no interest */
    launches[1].ready_at = NOW - 1;
    assert_int_equal(decide(DEFAULT).what, RECOVER_NOT);
}

/* It never became ready, and nothing else is there. */
static void lost_on_its_way_up(void **state)
{
    (void)state;
    add(id_at(NOW - MINUTE), LAUNCH_FAILED, NOW - MINUTE, "SpotInterruption", NOW - 1);
    assert_int_equal(decide(DEFAULT).what, RECOVER_NOW);
    add(id_at(NOW - SECOND), LAUNCH_FAILED, NOW - SECOND, NULL, 0);
    seen[1].n_tasks = 0; /* ECS started none */
    assert_int_equal(decide(DEFAULT).of, 0);
}

/* Each launch that follows is lost, too; the pauses grow, and the sixth is not made. */
static void pauses_grow(void **state)
{
    static const int minutes[RECOVER_AN_HOUR] = {0, 1, 5, 15, 30};
    const char *id = id_at(NOW - 600 * MINUTE);
    int64_t lost = NOW - 55 * MINUTE;
    struct recovery r;

    (void)state;
    add(id, LAUNCH_READY, NOW - 600 * MINUTE, "SpotInterruption", lost);
    for (size_t i = 0; i < RECOVER_AN_HOUR; i++) {
        r = recover_decide(seen, n, DEFAULT, lost, &arena);
        assert_int_equal(r.what, minutes[i] ? RECOVER_LATER : RECOVER_NOW);
        assert_int_equal(r.at, lost + minutes[i] * MINUTE);
        assert_string_not_equal(r.id, launches[n - 1].id);
        r = recover_decide(seen, n, DEFAULT, r.at, &arena);
        assert_int_equal(r.what, RECOVER_NOW);
        lost = r.at;
        add(arena_strdup(&arena, r.id), LAUNCH_READY, r.at, "SpotInterruption", lost);
    }
    r = recover_decide(seen, n, DEFAULT, lost, &arena);
    assert_int_equal(r.what, RECOVER_GIVEN_UP);
    assert_int_equal(r.at, 0);
    assert_non_null(strstr(r.text, "given up after 5 launches within an hour"));
    /* An hour after the first of them there is one more. */
    r = recover_decide(seen, n, DEFAULT, launches[1].at + 60 * MINUTE, &arena);
    assert_int_equal(r.what, RECOVER_LATER);
}

/* What was given up, and is launched by somebody, counts from nothing. */
static void a_person_begins_anew(void **state)
{
    const char *id = id_at(NOW - 30 * MINUTE);
    struct recovery r;

    (void)state;
    add(id, LAUNCH_READY, NOW - 30 * MINUTE, "SpotInterruption", NOW - 29 * MINUTE);
    for (size_t i = 0; i < RECOVER_AN_HOUR; i++) {
        r = recover_decide(seen, n, DEFAULT, NOW, &arena);
        add(arena_strdup(&arena, r.id), LAUNCH_READY, NOW - 20 * MINUTE, "SpotInterruption",
            NOW - 19 * MINUTE);
    }
    assert_int_equal(decide(DEFAULT).what, RECOVER_GIVEN_UP);
    add(id_at(NOW - 5 * MINUTE), LAUNCH_READY, NOW - 5 * MINUTE, "SpotInterruption", NOW);
    r = decide(DEFAULT);
    assert_int_equal(r.what, RECOVER_NOW);
    assert_int_equal(r.at, NOW);
}

/* The launch that was to come back was refused: it is tried again after the next pause, under the
 * next id. */
static void one_that_was_refused(void **state)
{
    struct recovery first, second;

    (void)state;
    add(id_at(NOW - 60 * MINUTE), LAUNCH_READY, NOW - 60 * MINUTE, "SpotInterruption",
        NOW - 10 * SECOND);
    first = decide(DEFAULT);
    add(arena_strdup(&arena, first.id), LAUNCH_FAILED, NOW - 9 * SECOND, NULL, 0);
    seen[1].n_tasks = 0;
    second = decide(DEFAULT);
    assert_int_equal(second.what, RECOVER_LATER);
    assert_int_equal(second.of, 0);
    assert_int_equal(second.at, NOW - 9 * SECOND + MINUTE);
    assert_string_not_equal(first.id, second.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_stop_code, begin, end),
        cmocka_unit_test_setup_teardown(what_is_still_stopping, begin, end),
        cmocka_unit_test_setup_teardown(nothing_without_launches, begin, end),
        cmocka_unit_test_setup_teardown(the_id_is_that_of_the_launch, begin, end),
        cmocka_unit_test_setup_teardown(tasks_without_an_id, begin, end),
        cmocka_unit_test_setup_teardown(what_is_newer_is_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(lost_on_its_way_up, begin, end),
        cmocka_unit_test_setup_teardown(pauses_grow, begin, end),
        cmocka_unit_test_setup_teardown(a_person_begins_anew, begin, end),
        cmocka_unit_test_setup_teardown(one_that_was_refused, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
