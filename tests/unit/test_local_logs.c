/* The output of local tasks: merged by time, from a moment on, the last lines, whole lines only. */
#include "local_logs.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "local_task.h"

static char folder[PATH_MAX - 64];
static const char *const ids[] = {"one", "two", "none"};
static const char *const names[] = {"log", "log.1"};

static const char *path_of(const char *id, const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s%s%s", folder, id, *name ? "/" : "", name);
    return path;
}

static int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-logs.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) && mkdir(path_of("one", ""), 0700) == 0 &&
                   mkdir(path_of("two", ""), 0700) == 0
               ? 0
               : -1;
}

static int remove_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++)
            unlink(path_of(ids[i], names[k]));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    rmdir(path_of("one", ""));
    rmdir(path_of("two", ""));
    return rmdir(folder);
}

static void write_log(const char *id, const char *name, const char *text)
{
    struct buf b = {0};

    buf_str(&b, text);
    assert_int_equal(buf_write_file(&b, path_of(id, name)), 0);
    buf_free(&b);
}

/* What local_logs() gives for all three tasks, a line `ms container text;` each. To be freed. */
static char *logs(int64_t since_ms, long tail)
{
    struct task tasks[3] = {0};
    struct task_list list = {.items = tasks, .len = 3};
    struct log_query query = {.since_ms = since_ms, .tail = tail};
    struct log_lines lines;
    struct arena a = {0};
    struct err e = {0};
    struct buf out = {0};

    for (size_t i = 0; i < 3; i++)
        tasks[i].short_id = ids[i];
    if (local_logs(folder, &list, &query, &a, &lines, &e) != 0)
        fail_msg("%s", e.text);
    buf_str(&out, "");
    for (size_t i = 0; i < lines.len; i++) {
        assert_string_equal(lines.items[i].container, LOCAL_TASK_CONTAINER);
        buf_printf(&out, "%lld %s;", (long long)lines.items[i].time_ms, lines.items[i].text);
    }
    arena_free(&a);
    return out.data;
}

static void check(int64_t since_ms, long tail, const char *expected)
{
    char *text = logs(since_ms, tail);

    assert_string_equal(text, expected);
    free(text);
}

static void none(void **state)
{
    (void)state;
    check(0, -1, "");
    check(0, 10, "");
    write_log("one", "log", "");
    check(0, -1, "");
}

static void merged_by_time(void **state)
{
    (void)state;
    write_log("one", "log.1", "100 a\n110 b\n");
    write_log("one", "log", "120 c\n140 d\n");
    write_log("two", "log", "105 A\n120 B\n130 C\n150 D\n");
    check(0, -1, "100 a;105 A;110 b;120 c;120 B;130 C;140 d;150 D;");
}

static void lines_of_one_moment_keep_their_order(void **state)
{
    struct buf text = {0}, expected = {0};

    (void)state;
    for (int i = 0; i < 500; i++) {
        buf_printf(&text, "7 line %d\n", i);
        buf_printf(&expected, "7 line %d;", i);
    }
    write_log("one", "log", text.data);
    check(0, -1, expected.data);
    buf_free(&text);
    buf_free(&expected);
}

static void since(void **state)
{
    (void)state;
    write_log("one", "log", "100 a\n110 b\n120 c\n");
    write_log("two", "log", "115 A\n");
    check(100, -1, "100 a;110 b;115 A;120 c;");
    check(101, -1, "110 b;115 A;120 c;");
    check(120, -1, "120 c;");
    check(121, -1, "");
}

static void tail(void **state)
{
    (void)state;
    write_log("one", "log", "100 a\n110 b\n120 c\n");
    write_log("two", "log", "115 A\n");
    check(0, 0, "");
    check(0, 1, "120 c;");
    check(0, 2, "115 A;120 c;");
    check(0, 4, "100 a;110 b;115 A;120 c;");
    check(0, LONG_MAX, "100 a;110 b;115 A;120 c;");
    check(111, 2, "115 A;120 c;");
    check(116, 2, "120 c;"); /* the tail of what is left */
}

static void half_written_line_is_left(void **state)
{
    (void)state;
    write_log("one", "log", "100 a\n110 b");
    check(0, -1, "100 a;");
    write_log("one", "log", "110 b");
    check(0, -1, "");
    write_log("one", "log", "100 a\n110 b\n");
    check(0, -1, "100 a;110 b;");
}

static void any_text_is_a_line(void **state)
{
    (void)state;
    write_log("one", "log",
              "100 \n101  two blanks \n102 102 103\n103 \ttab\n104 \xe6\x97\xa5\xe6\x9c\xac\n");
    check(0, -1, "100 ;101  two blanks ;102 102 103;103 \ttab;104 \xe6\x97\xa5\xe6\x9c\xac;");
}

static void damaged_lines_are_passed_over(void **state)
{
    (void)state;
    write_log("one", "log", "no time\n\n100\n110 good\n12x bad\n \n-5 before 1970\n130 good\n");
    check(1, -1, "110 good;130 good;");
}

/* What stands on the next line is not this line's time. */
static void empty_lines_are_passed_over(void **state)
{
    (void)state;
    write_log("one", "log", "100 a\n\n110 b\n \t\n120 c\n");
    check(0, -1, "100 a;110 b;120 c;");
}

static void unreadable_log_is_an_error(void **state)
{
    struct task task = {.short_id = "one"};
    struct task_list list = {.items = &task, .len = 1};
    struct log_query query = {.tail = -1};
    struct log_lines lines;
    struct arena a = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(mkdir(path_of("one", "log"), 0700), 0);
    assert_int_equal(local_logs(folder, &list, &query, &a, &lines, &e), -1);
    assert_non_null(strstr(e.text, "/one/log"));
    rmdir(path_of("one", "log"));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(none, remove_files),
        cmocka_unit_test_teardown(merged_by_time, remove_files),
        cmocka_unit_test_teardown(lines_of_one_moment_keep_their_order, remove_files),
        cmocka_unit_test_teardown(since, remove_files),
        cmocka_unit_test_teardown(tail, remove_files),
        cmocka_unit_test_teardown(half_written_line_is_left, remove_files),
        cmocka_unit_test_teardown(any_text_is_a_line, remove_files),
        cmocka_unit_test_teardown(damaged_lines_are_passed_over, remove_files),
        cmocka_unit_test_teardown(unreadable_log_is_an_error, remove_files),
        cmocka_unit_test_teardown(empty_lines_are_passed_over, remove_files),
    };
    return cmocka_run_group_tests_name("local_logs", tests, make_folder, remove_folder);
}
