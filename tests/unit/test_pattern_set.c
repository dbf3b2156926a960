/* The first of many patterns: always the one that a look at each of them in order finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pattern.h"
#include "proxyd/pattern_set.h"

#define SETS     300
#define PATTERNS 60
#define NAMES    400

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* Up to `max` characters of the alphabet. */
static void random_text(char *text, size_t max, const char *alphabet)
{
    size_t len = chance((uint32_t)max) + 1;

    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[chance((uint32_t)strlen(alphabet))];
    text[len] = '\0';
}

static void first_by_looking(const char (*patterns)[16], size_t n, const char *name, bool *found,
                             uint32_t *value)
{
    *found = false;
    for (size_t i = 0; i < n && !*found; i++)
        if (pattern_match(patterns[i], name) == PATTERN_MATCH) {
            *found = true;
            *value = (uint32_t)i * 7;
        }
}

static void finds_what_a_look_at_each_finds(void **state)
{
    size_t hits = 0;

    (void)state;
    for (int set = 0; set < SETS; set++) {
        char patterns[PATTERNS][16], name[16];
        struct pattern_entry entries[PATTERNS];
        size_t n = chance(PATTERNS);
        struct pattern_set *s;
        for (size_t i = 0; i < n; i++) {
            random_text(patterns[i], 8, "aabb*?[]-^\\");
            entries[i] = (struct pattern_entry){patterns[i], (uint32_t)i * 7};
        }
        s = pattern_set_new(entries, n);
        assert_non_null(s);
        for (int k = 0; k < NAMES; k++) {
            uint32_t expected = 0, got = 0;
            bool found;
            random_text(name, 6, "aab-");
            first_by_looking((const char(*)[16])patterns, n, name, &found, &expected);
            if (pattern_set_find(s, name, &got) != found || got != expected)
                fail_msg("%s: %u instead of %u", name, got, expected);
            hits += found;
        }
        pattern_set_free(s);
    }
    assert_in_range(hits, SETS * NAMES / 20, SETS * NAMES); /* it was no test of misses alone */
}

static void ten_thousand(void **state)
{
    static char patterns[10000][24];
    static struct pattern_entry entries[10000];
    struct pattern_set *s;
    char name[40];
    uint32_t value = 0;

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        snprintf(patterns[i], sizeof patterns[i], "p%zu-*", i);
        entries[i] = (struct pattern_entry){patterns[i], (uint32_t)i};
    }
    s = pattern_set_new(entries, 10000);
    assert_non_null(s);
    for (size_t i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "p%zu-x", i);
        assert_true(pattern_set_find(s, name, &value));
        assert_int_equal(value, i);
    }
    assert_false(pattern_set_find(s, "q1-x", &value));
    pattern_set_free(s);
}

static void the_empty_set(void **state)
{
    struct pattern_set *s = pattern_set_new(NULL, 0);
    uint32_t value;

    (void)state;
    assert_non_null(s);
    assert_false(pattern_set_find(s, "a", &value));
    pattern_set_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_look_at_each_finds),
        cmocka_unit_test(ten_thousand),
        cmocka_unit_test(the_empty_set),
    };

    return cmocka_run_group_tests_name("pattern_set", tests, NULL, NULL);
}
