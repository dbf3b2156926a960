/* `{{ env … }}` and `{{ must_env … }}`: what they become, and what is refused, with its line. */
#include "config/template_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int set_variables(void **state)
{
    (void)state;
    setenv("TEST_ONE", "1", 1);
    setenv("TEST_TWO", "two 2", 1);
    setenv("TEST_EMPTY", "", 1);
    setenv("TEST_BRACES", "{{ env \"TEST_ONE\" }}", 1);
    setenv("TEST_LINES", "a\nb", 1);
    setenv("TEST_QUOTES", "it's \"#\\x", 1);
    setenv("TEST_HTML", "<a>&\t", 1);
    setenv("TEST \"Q\\", "quoted", 1);
    unsetenv("TEST_NONE");
    return 0;
}

static const struct {
    const char *text, *result;
} expansions[] = {
    {"", ""},
    {"a: b\n", "a: b\n"},
    {"{", "{"},
    {"}}", "}}"},
    {"{ {", "{ {"},
    {"{a: {b: c}}", "{a: {b: c}}"},
    {"{{ env \"TEST_ONE\" }}", "1"},
    {"{{env \"TEST_ONE\"}}", "1"},
    {"{{env\"TEST_ONE\"}}", "1"},
    {"{{\tenv\n`TEST_ONE`\r\n}}", "1"},
    {"a {{ env `TEST_ONE` }} b", "a 1 b"},
    {"{{ env \"TEST_ONE\" }}{{ env \"TEST_TWO\" }}", "1two 2"},
    {"{{ env \"TEST_NONE\" \"fallback\" }}", "fallback"},
    {"{{ env \"TEST_NONE\" `fall back` }}", "fall back"},
    {"{{ env \"TEST_NONE\" \"\" }}", ""},
    {"{{ env \"TEST_NONE\" \"TEST_NONE\" \"TEST_TWO\" \"x\" }}", "two 2"},
    {"{{ env \"TEST_NONE\" \"TEST_TWO\" }}", "two 2"}, /* the last is a name too */
    {"{{ env \"TEST_EMPTY\" \"fallback\" }}", "fallback"},
    {"{{ env \"TEST_NONE\" }}", "TEST_NONE"}, /* its last argument, as the reference does */
    {"{{ env \"TEST_ONE\" \"TEST_TWO\" }}", "1"},
    {"{{ must_env \"TEST_ONE\" }}", "1"},
    {"{{ must_env `TEST_EMPTY` }}", ""},                     /* it is set */
    {"{{ env \"TEST_BRACES\" }}", "{{ env \"TEST_ONE\" }}"}, /* once, not again */
    {"{{ env \"TEST_LINES\" }}", "a\nb"},
    {"{{ env \"TEST_NONE\" \"}}\" }}", "}}"},
    {"{{ env \"TEST_NONE\" `}}` }}", "}}"},
    {"{{ env \"TEST_NONE\" \"a\\\"b\\\\c\" }}", "a\"b\\c"},
    {"{{ env \"TEST_NONE\" `a\\b\"c` }}", "a\\b\"c"},
    {"{{ env \"TEST_NONE\" \"a`b\" }}", "a`b"},
    {"{{ env \"TEST \\\"Q\\\\\" }}", "quoted"},
    {"# {{ env \"TEST_LINES\" }}", "# a b"}, /* and stay one */
    {"a: 'x{{ env \"TEST_QUOTES\" }}y'", "a: \"xit's \\\"#\\\\xy\""},
    {"a: \"x{{ env \"TEST_QUOTES\" }}y\"", "a: \"xit's \\\"#\\\\xy\""},
    {"a: '''\\\"{{ env \"TEST_ONE\" }}'''", "a: \"'\\\\\\\"1'\""},
    {"a: '{{ env `TEST_NONE` `'` }}' # '", "a: \"'\" # '"},
    {"a: '''\\\"'", "a: '''\\\"'"}, /* no expression: as it is */
    {"a: 'b", "a: 'b"},
    {"a: it's {{ env \"TEST_ONE\" }} isn't", "a: it's 1 isn't"}, /* no quotes */
    {"a: |\n  {{ env \"TEST_LINES\" }}\nb: '{{ env \"TEST_LINES\" }}'",
     "a: |\n  a\n  b\nb: \"a\\x0ab\""},
    {"a: \"{{ env `TEST_QUOTES` | json_escape }}\"", "a: \"it's \\\"#\\\\x\""},
    {"a: \"{{env `TEST_LINES`|json_escape}}\"", "a: \"a\\nb\""},
    {"{{ must_env `TEST_HTML` | json_escape }}", "\\u003ca\\u003e\\u0026\\t"},
    {"# {{ env \"TEST_ONE\" }}", "# 1"}, /* comments are YAML's, not ours */
    {"\xe6\x97\xa5{{ env \"TEST_NONE\" \"\xe6\x9c\xac\" }}", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"{{ env \"A1\" \"A2\" \"A3\" \"A4\" \"A5\" \"A6\" \"A7\" \"A8\" \"A9\" \"A10\" \"A11\" "
     "\"A12\" \"A13\" \"A14\" \"A15\" \"last\" }}",
     "last"},
};

static void expands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(expansions); i++) {
        struct buf out = {0};
        struct err e = {0};
        buf_str(&out, "before:");
        if (template_env_expand(expansions[i].text, strlen(expansions[i].text), &out, NULL, NULL,
                                &e) != 0)
            fail_msg("%s: %s", expansions[i].text, e.text);
        assert_memory_equal(buf_text(&out), "before:", 7);
        assert_string_equal(buf_text(&out) + 7, expansions[i].result);
        buf_free(&out);
    }
}

static const struct {
    const char *text, *error; /* the beginning of the sentence */
} refused[] = {
    {"{{", "1: {{ is not closed"},
    {"a\nb\n{{ env \"TEST_ONE\" }", "3: {{ is not closed"},
    {"{{ env \"TEST_ONE }}", "1: {{ is not closed"},
    {"{{ env `TEST_ONE\" }}", "1: {{ is not closed"},
    {"\n{{ }}", "2: expected {{ env \"NAME\" }}"},
    {"{{ . }}", "1: expected {{ env \"NAME\" }}"},
    {"{{ environment \"A\" }}", "1: expected {{ env \"NAME\" }}"},
    {"{{ Env \"A\" }}", "1: expected {{ env \"NAME\" }}"},
    {"{{ must_envy \"A\" }}", "1: expected {{ env \"NAME\" }}"},
    {"{{- env \"A\" -}}", "1: expected {{ env \"NAME\" }}"},
    {"{{ \"env\" \"A\" }}", "1: expected {{ env \"NAME\" }}"},
    {"{{ env }}", "1: env takes a name"},
    {"{{ must_env }}", "1: must_env takes one name"},
    {"{{ must_env \"TEST_ONE\" \"x\" }}", "1: must_env takes one name"},
    {"{{ env TEST_ONE }}", "1: expected a quoted name, got 'T'"},
    {"{{ env 'TEST_ONE' }}", "1: expected a quoted name, got '''"},
    {"{{ env \"TEST_ONE\" | x }}", "1: expected a quoted name, got '|'"},
    {"{{ env \"TEST_ONE\" | x }}", "1: expected a quoted name, got '|' and 'x '"},
    {"{{ env | json_escape }}", "1: expected a quoted name, got '|'"},
    {"{{ env \"TEST_ONE\" | json_escape | json_escape }}", "1: expected a quoted name"},
    {"{{ env \"TEST_ONE\" | json_escape \"x\" }}", "1: json_escape takes no name"},
    {"{{ if eq 1 1 }}", "1: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got 'if':"},
    {"{{ range .x }}", "1: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got 'range':"},
    {"{{/* x */}}", "1: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got '/*':"},
    {"{{- env \"A\" }}", "1: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got '-':"},
    {"{{ $x }}", "1: expected {{ env \"NAME\" }} or {{ must_env \"NAME\" }}, got '$x':"},
    {"{{ must_env \"TEST_NONE\" }}", "1: environment variable TEST_NONE is not set (must_env)"},
    {"a\n\nb: {{ must_env `TEST_NONE` }}",
     "3: environment variable TEST_NONE is not set (must_env)"},
    {"{{ env\n\"TEST_ONE\"\n}}\n{{ must_env \"TEST_NONE\" }}",
     "4: environment variable TEST_NONE is not set (must_env)"},
    {"{{ env \"TEST_LINES\" }}\n{{ x }}", "2: expected {{ env"},
    {"{{ env \"A1\" \"A2\" \"A3\" \"A4\" \"A5\" \"A6\" \"A7\" \"A8\" \"A9\" \"A10\" \"A11\" "
     "\"A12\" \"A13\" \"A14\" \"A15\" \"A16\" \"A17\" }}",
     "1: more than 16 names in one expression"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct buf out = {0};
        struct err e = {0};
        if (template_env_expand(refused[i].text, strlen(refused[i].text), &out, NULL, NULL, &e) !=
            -1)
            fail_msg("accepted: %s", refused[i].text);
        assert_int_equal(e.kind, ERR_INVALID);
        if (strncmp(e.text, refused[i].error, strlen(refused[i].error)) != 0)
            fail_msg("%s: %s", refused[i].text, e.text);
        buf_free(&out);
    }
}

/* A line counts wherever it ends: also inside backquotes. */
static void counts_lines_inside_quotes(void **state)
{
    static const char text[] = "{{ env `TEST_NONE` `a\nb\nc` }}\n{{ must_env \"TEST_NONE\" }}";
    struct buf out = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(template_env_expand(text, sizeof text - 1, &out, NULL, NULL, &e), -1);
    assert_string_equal(e.text, "4: environment variable TEST_NONE is not set (must_env)");
    buf_free(&out);
}

/* Cut anywhere, and no byte behind the text is read: its end is the end of its memory. */
static void never_reads_behind_the_text(void **state)
{
    static const char text[] = "a\n{{ env \"TEST_NONE\" `x` \"\\\\\" }}{{must_env`TEST_ONE`}}b}}";

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        char *exact = malloc(n ? n : 1);
        struct buf out = {0};
        struct err e = {0};
        int rc;
        assert_non_null(exact);
        memcpy(exact, text, n);
        rc = template_env_expand(exact, n, &out, NULL, NULL, &e);
        assert_true(rc == 0 || (rc == -1 && *e.text));
        buf_free(&out);
        free(exact);
    }
}

static void passes_nul_bytes_on(void **state)
{
    struct buf out = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(template_env_expand("a\0b", 3, &out, NULL, NULL, &e), 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expands),
        cmocka_unit_test(refuses),
        cmocka_unit_test(counts_lines_inside_quotes),
        cmocka_unit_test(never_reads_behind_the_text),
        cmocka_unit_test(passes_nul_bytes_on),
    };
    return cmocka_run_group_tests_name("template_env", tests, set_variables, NULL);
}
