/* What the programs of a stack count together: names, times, and the file that they share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asleep.h"
#include "metrics.h"
#include "stop_cause.h"

static const struct metric_starts *starts_of(const char *name)
{
    for (size_t i = 0; i < METRIC_TASKDEFS; i++)
        if (!strcmp(metric_label_name(&metrics->starts[i].taskdef), name))
            return &metrics->starts[i];
    return NULL;
}

static void starts_by_family(void **state)
{
    const struct metric_starts *web;

    (void)state;
    metrics_started("web:7", 5000);
    metrics_started("arn:aws:ecs:r:1:task-definition/web:8", 5001);
    metrics_started("web", 700000);
    web = starts_of("web");
    assert_non_null(web);
    assert_int_equal(metric_get(&web->buckets[0]), 1);
    assert_int_equal(metric_get(&web->buckets[1]), 1);
    assert_int_equal(metric_get(&web->buckets[METRIC_START_BUCKETS - 1]), 1);
    assert_int_equal(metric_get(&web->ms), 710001);
    metrics_started("a:b", -5); /* a clock that was set */
    assert_int_equal(metric_get(&starts_of("a:b")->ms), 0);
}

static void the_rest_is_one(void **state)
{
    char name[32];

    (void)state;
    for (int i = 0; i < 2 * METRIC_TASKDEFS; i++) {
        snprintf(name, sizeof name, "many-%d", i);
        metrics_started(name, 1);
    }
    assert_non_null(starts_of("many-1"));
    assert_null(starts_of("many-120"));
    assert_true(metric_get(&starts_of("other")->buckets[0]) > METRIC_TASKDEFS);
}

static void calls_by_operation(void **state)
{
    (void)state;
    metrics_called("ecs:RunTask", METRIC_CALL_OK);
    metrics_called("ecs:RunTask", METRIC_CALL_DENIED);
    metrics_called("ecs:RunTask", METRIC_CALL_OK);
    assert_string_equal(metric_label_name(&metrics->operations[0].operation), "ecs:RunTask");
    assert_int_equal(metric_get(&metrics->operations[0].calls[METRIC_CALL_OK]), 2);
    assert_int_equal(metric_get(&metrics->operations[0].calls[METRIC_CALL_DENIED]), 1);
    assert_string_equal(metric_label_name(&metrics->operations[1].operation), "");
}

static void who_it_was(void **state)
{
    (void)state;
    assert_int_equal(metrics_by("a visit"), METRIC_BY_VISIT);
    assert_int_equal(metrics_by("sleep.wake_at"), METRIC_BY_SCHEDULE);
    assert_int_equal(metrics_by("sleep.after"), METRIC_BY_IDLENESS);
    assert_int_equal(metrics_by("limit.awake"), METRIC_BY_LIMIT);
    assert_int_equal(metrics_by("a purge"), METRIC_BY_PURGE);
    assert_int_equal(metrics_by("192.0.2.1"), METRIC_BY_PERSON);
    assert_int_equal(metrics_by(WAKE_BOTH), METRIC_BY_VISIT);
    assert_int_equal(metrics_by(WAKE_ITSELF), METRIC_BY_ITSELF);
}

static void failures_by_cause(void **state)
{
    const size_t i = stop_cause_number(stop_cause_of("exit code 137", ""));

    (void)state;
    metrics_failed("it ended: exit code 137");
    assert_string_equal(stop_cause_key(i), "killed");
    assert_int_equal(metric_get(&metrics->launches_failed[i]), 1);
    metrics_failed("");
    assert_string_equal(stop_cause_key(STOP_CAUSES - 1), "unknown");
    assert_int_equal(metric_get(&metrics->launches_failed[STOP_CAUSES - 1]), 1);
}

/* Several processes that count the same at once, and find the same names. */
static void all_share_it(void **state)
{
    char folder[] = "/tmp/metrics-XXXXXX", path[64];
    struct metrics *own = metrics;
    struct err e;
    struct stat st;
    int status;

    (void)state;
    assert_non_null(mkdtemp(folder));
    metrics_join(folder);
    assert_ptr_equal(metrics, own); /* there is none */
    snprintf(path, sizeof path, "%s/run", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(metrics_make(folder, &e), 0);
    snprintf(path, sizeof path, "%s/run/metrics", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    metrics_join(folder);
    assert_ptr_not_equal(metrics, own);
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            for (int k = 0; k < 5000; k++) {
                char name[32];
                snprintf(name, sizeof name, "ecs:%d", k % 20);
                metrics_called(name, METRIC_CALL_OK);
                metric_add(&metrics->launches, 1);
            }
            _exit(0);
        }
    for (int i = 0; i < 4; i++)
        assert_true(wait(&status) > 0 && status == 0);
    assert_int_equal(metric_get(&metrics->launches), 20000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(metric_get(&metrics->operations[i].calls[METRIC_CALL_OK]), 1000);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(metric_label_name(&metrics->operations[i].operation),
                                    metric_label_name(&metrics->operations[k].operation));
    }
    assert_string_equal(metric_label_name(&metrics->operations[20].operation), "");
    unlink(path);
    snprintf(path, sizeof path, "%s/run", folder);
    rmdir(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_by_family),   cmocka_unit_test(the_rest_is_one),
        cmocka_unit_test(calls_by_operation), cmocka_unit_test(who_it_was),
        cmocka_unit_test(failures_by_cause),  cmocka_unit_test(all_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
