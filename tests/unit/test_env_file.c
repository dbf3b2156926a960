/* A file of variables, as systemd reads an EnvironmentFile. */
#include "config/env_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static struct err e;

static int read_text(const char *text)
{
    FILE *f;
    int rc;

    strcpy(path, "/tmp/mirage-env-file.XXXXXX");
    f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    e = (struct err){0};
    rc = env_file_read(path, &e);
    unlink(path);
    return rc;
}

/* The text, and what TEST_A and TEST_B are then (NULL: not set), by systemd's parser
 * (src/basic/env-file.c, v254). */
static const struct {
    const char *text, *a, *b;
} cases[] = {
    {"", NULL, NULL},
    {"TEST_A=1\nTEST_B=2", "1", "2"},
    {"# TEST_A=1\n; TEST_A=2\n\n  \t\nTEST_B=2\n", NULL, "2"},
    {"# x \\\nTEST_A=1\nTEST_B=2\n", "1", "2"}, /* the comment ends with its line */
    {"TEST_A=\nTEST_B=\"\"\n", "", ""},
    {"  TEST_A = x y  \r\nTEST_B=\t2", "x y", "2"},
    {"TEST_A=it's#x\nTEST_B=abc #def\n", "it's#x", "abc #def"},
    {"TEST_A=a=b=c\nTEST_B=$HOME `x` ${x}\n", "a=b=c", "$HOME `x` ${x}"},
    {"TEST_A='a \\b \"c\" '\nTEST_B=2\n", "a \\b \"c\" ", "2"},
    {"TEST_A=\"a 'b' \\\"c\\\" \\\\ \\$ \\` \\x\"\n", "a 'b' \"c\" \\ $ ` \\x", NULL},
    {"TEST_A=\"two\nlines\"\nTEST_B='two\nmore'\n", "two\nlines", "two\nmore"},
    {"TEST_A=\"one \\\nline\"\nTEST_B=one \\\nline\n", "one line", "one line"},
    {"TEST_A=a\\ \nTEST_B=a\\\\b\\'c\\nd\n", "a ", "a\\b'cnd"},
    {"TEST_A='a'\"b\" 'c'd\nTEST_B=a'b'\"c\"\n", "abcd", "a'b'\"c\""},
    {"TEST_A=1\nTEST_A=2\n", "2", NULL},
    {"TEST_A=\xe6\x97\xa5\n", "\xe6\x97\xa5", NULL},
};

static void same(const char *name, const char *value, const char *text)
{
    const char *got = getenv(name);

    if (!got != !value || (got && strcmp(got, value) != 0))
        fail_msg("%s is '%s', not '%s', of\n%s", name, got, value, text);
}

static void is_read_as_systemd_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsetenv("TEST_A");
        unsetenv("TEST_B");
        if (read_text(cases[i].text) < 0)
            fail_msg("%s of\n%s", e.text, cases[i].text);
        same("TEST_A", cases[i].a, cases[i].text);
        same("TEST_B", cases[i].b, cases[i].text);
    }
}

static void wrong_lines_are_named_and_nothing_is_set(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *error;
    } wrong[] = {
        {"TEST_A=1\nplanted", 2, "expected NAME=value"},
        {"TEST_A=1\n\nexport TEST_B=planted\n", 3, "expected NAME=value, without export"},
        {"TEST_A=1\n=planted\n", 2, "expected NAME=value"},
        {"TEST_A=1\n1A=planted\n", 2, "expected NAME=value"},
        {"TEST_A=1\nTEST-B=planted\n", 2, "expected NAME=value"},
        {"TEST_A=\"x\ny\"\nTEST_B='planted\n\n", 3, "the value's quote is not closed"},
        {"TEST_A=1\nTEST_B=\"planted\\\"", 2, "the value's quote is not closed"},
    };
    char start[128];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsetenv("TEST_A");
        assert_int_equal(read_text(wrong[i].text), -1);
        snprintf(start, sizeof start, "%s:%d: %s", path, wrong[i].line, wrong[i].error);
        assert_string_equal(e.text, start);
        assert_null(getenv("TEST_A"));
    }
}

static void a_file_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(env_file_read("/nonexistent/file", &e), -1);
    assert_string_equal(e.text, "cannot read /nonexistent/file: No such file or directory");
    assert_int_equal(env_file_read("-/nonexistent/file", &e), 0);
    assert_int_equal(env_file_read("-/dev", &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_systemd_does),
        cmocka_unit_test(wrong_lines_are_named_and_nothing_is_set),
        cmocka_unit_test(a_file_that_is_not_there),
    };

    return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}
