/* Parameters' rules: they match anywhere, in characters, with bounded work. */
#include "regex.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct regex *compiled(const char *pattern)
{
    struct regex *re;
    struct err e = {0};

    if (regex_compile(&re, pattern, &e) != 0)
        fail_msg("%s: %s", pattern, e.text);
    return re;
}

static void matches(void **state)
{
    static const struct {
        const char *pattern, *text;
        int answer;
    } cases[] = {
        {"b", "abc", 1},
        {"b", "ac", 0},
        {"", "", 1},
        {"", "anything", 1},
        {"^b", "abc", 0},
        {"^abc$", "abc", 1},
        {"^abc$", "abc\n", 0}, /* as in Go, `$` is the very end */
        {"^abc$", "x\nabc\nx", 0},
        {"(?m)^abc$", "x\nabc\nx", 1},
        {"^[a-z]+$", "abc", 1},
        {"^[a-z]+$", "aBc", 0},
        {"(?i)^[a-z]+$", "aBc", 1},
        {"^.$", "\xe6\x97\xa5", 1}, /* one character, not three */
        {"^..$", "\xe6\x97\xa5", 0},
        {"^[\xe3\x81\x81-\xe3\x82\x93]+$", "\xe3\x81\x82\xe3\x81\x84", 1},
        {"\\bfoo\\b", "a foo b", 1},
        {"\\bfoo\\b", "afoob", 0},
        {"[0-9]{3}-[0-9]{4}", "tel 123-4567.", 1},
        {"^(topic|feature)/", "feature/x", 1},
        {"^(topic|feature)/", "fix/x", 0},
        {"\\pL", "\xc3\xa9", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct regex *re = compiled(cases[i].pattern);
        if (regex_match(re, cases[i].text) != cases[i].answer)
            fail_msg("'%s' and '%s' is not %d", cases[i].pattern, cases[i].text, cases[i].answer);
        regex_free(re);
    }
    regex_free(NULL);
}

static void bad_patterns_say_where(void **state)
{
    static const struct {
        const char *pattern;
        const char *where;
    } cases[] = {
        {"(", "at character 2:"},      {")", "at character 1:"},     {"a**(", "at character 3:"},
        {"[", "at character 2:"},      {"[z-a]", "at character 4:"}, {"*", "at character 1:"},
        {"a{2,1}", "at character 6:"}, {"\\", "at character 2:"},    {"(?<", "at character 4:"},
        {"\xff", "at character 1:"},   {"a\\Cb", "at character 4:"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct regex *re = (struct regex *)&re;
        struct err e = {0};
        assert_int_equal(regex_compile(&re, cases[i].pattern, &e), -1);
        assert_null(re);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_ptr_equal(strstr(e.text, "bad regular expression at character "), e.text);
        if (!strstr(e.text, cases[i].where))
            fail_msg("%s: %s", cases[i].pattern, e.text);
        assert_true(strlen(e.text) > strlen("bad regular expression at character 1: "));
    }
}

static void text_that_is_not_utf8_does_not_match(void **state)
{
    struct regex *re = compiled("a");

    (void)state;
    assert_int_equal(regex_match(re, "a\xff"), -1);
    assert_int_equal(regex_match(re, "a"), 1);
    regex_free(re);
}

/* Patterns that would take ages are given up, soon. */
static void work_is_bounded(void **state)
{
    static const char *const evil[] = {"^(a|aa)+$", "^(a+)+$", "^(a*)*b$", "(x+x+)+y",
                                       "^(?:a?){60}a{60}$"};
    char text[61];
    int64_t begin = clock_monotonic_ms();
    int given_up = 0;

    (void)state;
    memset(text, 'a', 59);
    strcpy(text + 59, "!");
    for (size_t i = 0; i < COUNT(evil); i++) {
        struct regex *re = compiled(evil[i]);
        int answer = regex_match(re, text);
        assert_true(answer <= 0);
        given_up += answer < 0;
        assert_int_equal(regex_match(re, text), answer); /* it stays usable */
        regex_free(re);
    }
    assert_true(given_up >= 3);
    assert_true(clock_monotonic_ms() - begin < 5000);
}

static void long_texts_do_not_exhaust_the_stack(void **state)
{
    static char text[2000001];
    struct regex *re = compiled("^(a|b)*$");

    (void)state;
    memset(text, 'a', sizeof text - 1);
    assert_int_not_equal(regex_match(re, text), 0);
    regex_free(re);
}

static void texts_are_found_in_either_case(void **state)
{
    static const char *const texts[] = {"a.b", "x(y", "Abc", "[z]\\", "#", "\xff\xfe"};
    static const struct {
        const char *in;
        int found;
    } cases[] = {{"", 0},    {"a.b", 1},      {"--A.B--", 1}, {"axb", 0},   {"X(Y", 1},
                 {"xy", 0},  {"ab", 0},       {"zABCz", 1},   {"[Z]\\", 1}, {"z", 0},
                 {"a #", 1}, {"\xfe\xff", 0}, {"\xff\xfe", 1}};
    struct regex *re;
    struct err e;

    (void)state;
    assert_int_equal(regex_compile_texts(&re, texts, COUNT(texts), &e), 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        if (regex_match(re, cases[i].in) != cases[i].found)
            fail_msg("%s", cases[i].in);
    assert_int_equal(regex_match_bytes(re, "xxAbc", 4), 0);
    regex_free(re);
}

static void *match_often(void *re)
{
    for (int i = 0; i < 2000; i++)
        if (regex_match(re, "feature/cool") != 1 || regex_match(re, "nothing") != 0)
            return re;
    return NULL;
}

static void threads_share_one(void **state)
{
    struct regex *re = compiled("^(topic|feature)/[a-z]+$");
    pthread_t threads[4];
    void *failed;

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, re), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    regex_free(re);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(bad_patterns_say_where),
        cmocka_unit_test(text_that_is_not_utf8_does_not_match),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(long_texts_do_not_exhaust_the_stack),
        cmocka_unit_test(texts_are_found_in_either_case),
        cmocka_unit_test(threads_share_one),
    };
    return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
