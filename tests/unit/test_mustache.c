/* The template engine: the Mustache specification's own cases when MUSTACHE_SPEC names the folder
 * that holds them, and what the specification leaves to us. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "fcgi-app/mustache.h"
#include "skip.h"

/* Partials of a case, by name. */
struct partials {
    struct {
        char *name;
        struct mustache *m;
    } items[16];
    size_t len;
};

static const struct mustache *find_partial(const void *ctx, const char *name)
{
    const struct partials *p = ctx;

    for (size_t i = 0; i < p->len; i++)
        if (!strcmp(p->items[i].name, name))
            return p->items[i].m;
    return NULL;
}

static int add_partial(struct partials *p, const char *name, const char *text, struct err *e)
{
    assert_true(p->len < sizeof(p->items) / sizeof(p->items[0]));
    p->items[p->len].name = strdup(name);
    if (mustache_parse(&p->items[p->len].m, name, text, strlen(text), e) < 0) {
        free(p->items[p->len].name);
        return -1;
    }
    p->len++;
    return 0;
}

static void free_partials(struct partials *p)
{
    for (size_t i = 0; i < p->len; i++) {
        free(p->items[i].name);
        mustache_free(p->items[i].m);
    }
}

/* What the template makes of the view; the error's sentence when it fails. To be freed. */
static char *render(const char *text, const json_t *view, const struct partials *p)
{
    struct mustache *m;
    struct buf out = {0};
    struct err e = {0};
    char *result;

    if (mustache_parse(&m, "t.html", text, strlen(text), &e) < 0)
        return strdup(e.text);
    if (mustache_render(m, view, find_partial, p, &out, &e) < 0)
        result = strdup(e.text);
    else
        result = strdup(buf_text(&out));
    mustache_free(m);
    buf_free(&out);
    return result;
}

static void check(const char *text, const char *json, const char *expected)
{
    const struct partials none = {.len = 0};
    json_t *view = json_loads(json, JSON_DECODE_ANY, NULL);
    char *got;

    assert_non_null(view);
    got = render(text, view, &none);
    assert_string_equal(got, expected);
    free(got);
    json_decref(view);
}

static int run_spec_case(const char *file, const json_t *test)
{
    const char *expected = json_string_value(json_object_get(test, "expected"));
    struct partials p = {.len = 0};
    struct err e = {0};
    const char *name;
    json_t *value;
    char *got;
    int differs;

    json_object_foreach (json_object_get(test, "partials"), name, value) {
        if (add_partial(&p, name, json_string_value(value), &e) < 0)
            print_error("%s\n", e.text);
    }
    got = render(json_string_value(json_object_get(test, "template")),
                 json_object_get(test, "data"), &p);
    differs = strcmp(got, expected) != 0;
    if (differs)
        print_error("%s: %s\n  expected: %s\n  got:      %s\n", file,
                    json_string_value(json_object_get(test, "name")), expected, got);
    free(got);
    free_partials(&p);
    return differs;
}

static void official_cases(void **state)
{
    const char *folder = getenv("MUSTACHE_SPEC");
    const struct dirent *entry;
    DIR *dir;
    size_t ran = 0;
    int failed = 0;

    (void)state;
    if (!folder)
        skip_because("MUSTACHE_SPEC names no folder of the specification's tests");
    dir = opendir(folder);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char path[4096];
        json_t *spec;
        json_t *test;
        size_t i;

        if (!strstr(entry->d_name, ".json"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        spec = json_load_file(path, 0, NULL);
        assert_non_null(spec);
        json_array_foreach (json_object_get(spec, "tests"), i, test) {
            failed += run_spec_case(entry->d_name, test);
            ran++;
        }
        json_decref(spec);
    }
    closedir(dir);
    print_message("%zu cases of the Mustache specification ran, %d failed\n", ran, failed);
    assert_true(ran > 0);
    assert_int_equal(failed, 0);
}

static void parse_errors_name_file_and_line(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"a\n{{#tasks}}\n\n", "t.html:2: section \"tasks\" is not closed"},
        {"{{#a}}\n{{^b}}\n{{/b}}", "t.html:1: section \"a\" is not closed"},
        {"a\nb\n{{/x}}", "t.html:3: section \"x\" is closed but was not opened"},
        {"{{#a}}\n{{/b}}", "t.html:2: section \"a\", opened on line 1, is closed by \"b\""},
        {"\n\n{{name", "t.html:3: the tag is not closed by \"}}\""},
        {"{{{name}}", "t.html:1: the tag is not closed by \"}}}\""},
        {"{{=<% %>", "t.html:1: the tag is not closed by \"=}}\""},
        {"{{=<%=}}", "t.html:1: two new delimiters, without \"=\", are expected"},
        {"{{=a b c=}}", "t.html:1: two new delimiters, without \"=\", are expected"},
        {"{{==}}", "t.html:1: two new delimiters, without \"=\", are expected"},
        {"{{ }}", "t.html:1: a tag has no name"},
        {"{{{}}}", "t.html:1: a tag has no name"},
        {"{{#}}", "t.html:1: a tag has no name"},
        {"{{a b}}", "t.html:1: the name \"a b\" has a space in it (templates are Mustache; "
                    "docs/MIGRATING.md translates Go's)"},
        {"{{a..b}}", "t.html:1: the name \"a..b\" has an empty part"},
        {"{{a.}}", "t.html:1: the name \"a.\" has an empty part"},
        {"{{! a\nb }}\n{{.a}}", "t.html:3: the name \".a\" has an empty part"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(cases[i].text, "{}", cases[i].error);
}

/* Every cut of a template with every kind of tag either parses or fails; none reads past its end.
 */
static void cut_templates_are_safe(void **state)
{
    static const char text[] = "a {{b.c}} {{{d}}} {{&e}}\n{{! f }}\n {{#g}}\n{{^h}}{{/h}}{{/g}}\r\n"
                               "  {{> i }}\n{{=| |=}}|j|\n|={{ }}=|{{k}}";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = malloc(len + (len == 0)); /* no byte to spare: ASan sees one too many */
        struct mustache *m;
        struct err e = {0};

        memcpy(exact, text, len);
        if (mustache_parse(&m, "t.html", exact, len, &e) < 0)
            assert_true(!strncmp(e.text, "t.html:", 7));
        else
            mustache_free(m);
        free(exact);
    }
}

static void html_is_escaped(void **state)
{
    (void)state;
    check("<a title=\"{{x}}\">{{x}}</a>", "{\"x\":\"<&>\\\"'\"}",
          "<a title=\"&lt;&amp;&gt;&quot;&#39;\">&lt;&amp;&gt;&quot;&#39;</a>");
    check("{{{x}}}{{&x}}", "{\"x\":\"<'\"}", "<'<'");
    check("{{x}}", "{\"x\":\"\"}", "");
}

static void values_of_every_type(void **state)
{
    (void)state;
    check("{{a}} {{b}} {{c}} {{d}} {{e}} {{f}} {{g}}",
          "{\"a\":-3,\"b\":0.1,\"c\":true,\"d\":false,\"e\":null,\"f\":[1],\"g\":{\"h\":1}}",
          "-3 0.1 true false   ");
    check("{{#a}}x{{/a}}{{^a}}none{{/a}}", "{\"a\":\"\"}", "none");
    check("{{#a}}x{{/a}}{{^a}}none{{/a}}", "{\"a\":0}", "x");
    check("{{#a}}[{{.}}]{{/a}}", "{\"a\":[1,\"b\",2.5]}", "[1][b][2.5]");
    check("{{#a}}{{a}}{{/a}}", "{\"a\":\"the text itself\"}", "the text itself");
}

static void delimiters_may_hold_braces(void **state)
{
    (void)state;
    check("{{={ }=}}{a}-{&a}", "{\"a\":\"<\"}", "&lt;-<");
}

static void sections_have_a_bounded_depth(void **state)
{
    struct buf text = {0};

    (void)state;
    for (int i = 0; i < 65; i++)
        buf_str(&text, "{{#a}}");
    check(buf_text(&text), "{}", "t.html:1: sections are nested more than 64 deep");
    buf_free(&text);
}

static void endless_recursion_is_an_error(void **state)
{
    struct partials p = {.len = 0};
    struct err e = {0};
    json_t *view = json_object();
    char *got;

    (void)state;
    assert_int_equal(add_partial(&p, "self", "x\n{{> self}}\n", &e), 0);
    got = render("{{> self}}", view, &p);
    assert_string_equal(got, "self:2: partials are nested more than 64 deep");
    free(got);
    json_decref(view);
    free_partials(&p);
}

/* A partial inside a partial gets both indentations; what a value holds gets none. */
static void indentation_adds_up(void **state)
{
    struct partials p = {.len = 0};
    struct err e = {0};
    json_t *view = json_pack("{s:s}", "v", "1\n2");
    char *got;

    (void)state;
    assert_int_equal(add_partial(&p, "outer", "a\n {{> inner}}\n{{v}}\n", &e), 0);
    assert_int_equal(add_partial(&p, "inner", "b\nc\n", &e), 0);
    got = render("  {{> outer}}\nz", view, &p);
    assert_string_equal(got, "  a\n   b\n   c\n  1\n2\nz");
    free(got);
    json_decref(view);
    free_partials(&p);
}

struct seen {
    char text[100];
    int stop_at;
};

static int see_partial(void *ctx, const char *partial, int line)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%d ", partial, line);
    return line == seen->stop_at ? 7 : 0;
}

static void partials_are_listed_with_their_lines(void **state)
{
    static const char text[] = "{{> a}}\n{{#s}}\n{{^t}}{{> b}}{{/t}}\n{{/s}}\n{{> c}}";
    struct seen all = {.stop_at = 0};
    struct seen some = {.stop_at = 3};
    struct mustache *m;
    struct err e = {0};

    (void)state;
    assert_int_equal(mustache_parse(&m, "t.html", text, strlen(text), &e), 0);
    assert_int_equal(mustache_each_partial(m, see_partial, &all), 0);
    assert_string_equal(all.text, "a:1 b:3 c:5 ");
    assert_int_equal(mustache_each_partial(m, see_partial, &some), 7);
    assert_string_equal(some.text, "a:1 b:3 ");
    mustache_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(official_cases),
        cmocka_unit_test(parse_errors_name_file_and_line),
        cmocka_unit_test(cut_templates_are_safe),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(delimiters_may_hold_braces),
        cmocka_unit_test(sections_have_a_bounded_depth),
        cmocka_unit_test(endless_recursion_is_an_error),
        cmocka_unit_test(indentation_adds_up),
        cmocka_unit_test(partials_are_listed_with_their_lines),
    };

    return cmocka_run_group_tests_name("mustache", tests, NULL, NULL);
}
