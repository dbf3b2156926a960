/* Subdomain patterns: tests/unit/data/path_match.tsv, and the file that PATH_MATCH_TSV names, line
 * by line; which patterns are well formed, and which are patterns at all. */
#include "pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "skip.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const answers[] = {
    [PATTERN_NO_MATCH] = "nomatch", [PATTERN_MATCH] = "match", [PATTERN_BAD] = "bad"};

/* Runs a file of `pattern TAB name TAB answer`. Returns the number of its cases; each answer's
 * number goes to counts. */
static int run_file(const char *path, int counts[3])
{
    FILE *f = fopen(path, "r");
    char line[1024];
    int cases = 0, wrong = 0;
    bool comment = true;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *name = strchr(line, '\t'), *answer = name ? strchr(name + 1, '\t') : NULL;
        enum pattern_result r;

        if (comment) { /* the first line */
            assert_int_equal(line[0], '#');
            comment = false;
            continue;
        }
        if (!answer) {
            fail_msg("%s: not a case: %s", path, line);
            break;
        }
        *name++ = *answer++ = '\0';
        answer[strcspn(answer, "\n")] = '\0';
        r = pattern_match(line, name);
        if (strcmp(answers[r], answer) != 0) {
            print_error("'%s' and '%s': %s, not %s\n", line, name, answers[r], answer);
            wrong++;
        }
        counts[r]++;
        cases++;
    }
    fclose(f);
    if (wrong)
        fail_msg("%d of %d cases answered wrongly", wrong, cases);
    return cases;
}

static void own_cases(void **state)
{
    int counts[3] = {0};

    (void)state;
    assert_true(run_file(MIRAGE_TESTS "/unit/data/path_match.tsv", counts) >= 150);
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_true(counts[i] >= 30);
}

static void given_cases(void **state)
{
    const char *path = getenv("PATH_MATCH_TSV");
    int counts[3] = {0};

    (void)state;
    if (!path)
        skip_because("PATH_MATCH_TSV names no file of cases");
    assert_true(run_file(path, counts) > 0);
}

/* Go compares a name byte by byte and stars stop at bytes, too: time must not explode. */
static void many_stars_do_not_explode(void **state)
{
    char pattern[64], name[64];

    (void)state;
    for (size_t i = 0; i < 60; i += 2)
        memcpy(pattern + i, "*a", 2);
    memcpy(pattern + 60, "b", 2);
    memset(name, 'a', 63);
    name[63] = '\0';
    assert_int_equal(pattern_match(pattern, name), PATTERN_NO_MATCH);
    name[62] = 'b';
    assert_int_equal(pattern_match(pattern, name), PATTERN_MATCH);
}

static void well_formed(void **state)
{
    static const char *const good[] = {
        "",       "a",     "*",       "**",    "?",       "[a]",     "[a-z]",     "[^a-z]",
        "[a-cx]", "a*b*c", "\\[",     "[\\]]", "[\\-x]",  "[^^]",    "[日-本]",   "]",
        "a]b",    "{a}",   "[a]*[b]", "*[a]*", "[*]",     "[[]",     "[z-a]",     "\\\\",
        "a-b",    "-",     "www*",    "[!a]",  "[a\\-z]", "[a-\\z]", "api-?-test"};
    static const char *const bad[] = {
        "[",     "[a",  "[]",   "[]a]", "[^]",  "[^",     "[-]",   "[-x]",   "[x-]",    "[a-b-c]",
        "\\",    "a\\", "[\\",  "[\\]", "*[",   "*[]",    "a*[",   "a*b*[c", "a*b*\\",  "[a]*[",
        "[a]b[", "?[",  "[a-]", "[a-",  "*a\\", "**[a-]", "x*[^]", "[[",     "*[a-z]*["};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!pattern_is_valid(good[i]))
            fail_msg("'%s' was refused", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (pattern_is_valid(bad[i]))
            fail_msg("'%s' was accepted", bad[i]);
}

/* What Go's ErrBadPattern says about a class whose text is not UTF-8. */
static void class_of_other_bytes_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(pattern_match("[\xff]", "a"), PATTERN_BAD);
    assert_int_equal(pattern_match("[a-\xc3]", "b"), PATTERN_BAD);
    assert_false(pattern_is_valid("[\x80]"));
}

static void bytes_outside_classes_are_compared_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(pattern_match("\xff", "\xff"), PATTERN_MATCH);
    assert_int_equal(pattern_match("\xff", "\xfe"), PATTERN_NO_MATCH);
    assert_int_equal(pattern_match("?", "\xff"), PATTERN_MATCH);
    assert_int_equal(pattern_match("??", "\xff\xfe"), PATTERN_MATCH);
    assert_int_equal(pattern_match("?", "\xe6\x97"), PATTERN_NO_MATCH);
    assert_int_equal(pattern_match("\xc3*", "\xc3\xa9"), PATTERN_MATCH);
}

static void meta_characters(void **state)
{
    static const char *const meta[] = {"*", "?", "[", "\\", "a*", "a?b", "x[a]", "\\a", "[a"};
    static const char *const plain[] = {"", "a", "a-b", "]", "^", "!", "a.b", "日本", "{a,b}"};

    (void)state;
    for (size_t i = 0; i < COUNT(meta); i++)
        assert_true(pattern_has_meta(meta[i]));
    for (size_t i = 0; i < COUNT(plain); i++) {
        assert_false(pattern_has_meta(plain[i]));
        assert_int_equal(pattern_match(plain[i], plain[i]), PATTERN_MATCH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_cases),
        cmocka_unit_test(given_cases),
        cmocka_unit_test(many_stars_do_not_explode),
        cmocka_unit_test(well_formed),
        cmocka_unit_test(class_of_other_bytes_is_malformed),
        cmocka_unit_test(bytes_outside_classes_are_compared_as_they_are),
        cmocka_unit_test(meta_characters),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
