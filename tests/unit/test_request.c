/* Reading requests: method and path, body and its limits, forms, JSON, and which site they are
 * from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

#include "fcgi-app/encode.h"
#include "fcgi-app/request.h"

/* A request as a web server would hand it over: variables in pairs, and a body. */
struct fake {
    const char *const *variables;
    const char *body;
    size_t len;
    size_t at;
};

static const char *fake_variable(void *ctx, const char *name)
{
    const struct fake *fake = ctx;

    for (size_t i = 0; fake->variables[i]; i += 2)
        if (!strcmp(fake->variables[i], name))
            return fake->variables[i + 1];
    return NULL;
}

static size_t fake_read(void *ctx, char *bytes, size_t len)
{
    struct fake *fake = ctx;
    size_t left = fake->len - fake->at;

    if (len > left)
        len = left;
    memcpy(bytes, fake->body + fake->at, len);
    fake->at += len;
    return len;
}

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define POSTED(type, length)                                                                       \
    VARIABLES("REQUEST_METHOD", "POST", "REQUEST_URI", "/x", "CONTENT_TYPE", type,                 \
              "CONTENT_LENGTH", length)

struct reading {
    struct arena arena;
    struct fake fake;
    struct request_io io;
    struct request request;
    struct err e;
    int status; /* of request_read_params */
};

/* Reads head and parameters; the caller ends with end(). */
static void start(struct reading *r, const char *const *variables, const char *body, size_t len,
                  unsigned bodies)
{
    *r = (struct reading){.fake = {variables, body, len, 0}};
    r->io = (struct request_io){fake_variable, fake_read, &r->fake};
    assert_int_equal(request_read_head(&r->request, &r->io, &r->arena, &r->e), 0);
    r->status = request_read_params(&r->request, bodies, &r->arena, &r->e);
}

static void end(struct reading *r)
{
    request_free(&r->request);
    arena_free(&r->arena);
}

static void post(struct reading *r, const char *type, const char *body)
{
    static char length[32];

    snprintf(length, sizeof(length), "%zu", strlen(body));
    start(r, POSTED(type, length), body, strlen(body), BODY_FORM | BODY_JSON);
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static void check_refused(const char *type, const char *body, int status, const char *text)
{
    struct reading r;

    post(&r, type, body);
    assert_int_equal(r.status, status);
    assert_string_equal(r.e.text, text);
    end(&r);
}

static void check_text(const struct reading *r, const char *name, const char *expected)
{
    const char *value;
    struct err e;

    assert_int_equal(params_text(&r->request.params, name, &value, &e), 0);
    if (!expected)
        assert_null(value);
    else
        assert_string_equal(value, expected);
}

static void method_and_path(void **state)
{
    static const struct {
        const char *method;
        const char *uri;
        enum request_method expected;
        const char *path;
    } cases[] = {
        {"GET", "/", METHOD_GET, "/"},
        {"HEAD", "/list?x=/y", METHOD_GET, "/list"},
        {"POST", "/%61pi/launch", METHOD_POST, "/api/launch"},
        {"post", "/a+b", METHOD_OTHER, "/a+b"},
        {"DELETE", "/logs/foo-%2A", METHOD_OTHER, "/logs/foo-*"},
        {"GET", "/trace/arn%3Aaws%3Atask%2Fdev%2Fabc", METHOD_GET, "/trace/arn:aws:task/dev/abc"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake fake = {
            .variables = VARIABLES("REQUEST_METHOD", cases[i].method, "REQUEST_URI", cases[i].uri)};
        const struct request_io io = {fake_variable, fake_read, &fake};
        struct arena arena = {0};
        struct request r;
        struct err e;

        assert_int_equal(request_read_head(&r, &io, &arena, &e), 0);
        assert_int_equal(r.method, cases[i].expected);
        assert_int_equal(r.is_head, !strcmp(cases[i].method, "HEAD"));
        assert_string_equal(r.path, cases[i].path);
        arena_free(&arena);
    }
}

static void bad_paths_are_refused(void **state)
{
    static const struct {
        const char *uri;
        const char *error;
    } cases[] = {
        {"/a%2", "bad % escape at byte 3 of the path"},
        {"/%zz", "bad % escape at byte 2 of the path"},
        {"/a%00", "the path includes invalid characters: NUL at byte 3"},
        {"/\xff", "the path is not UTF-8 (between byte 1 and 2)"},
        {"/%c0%af", "the path is not UTF-8 (between byte 1 and 7)"},
        {"*", "the path does not start with \"/\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake fake = {.variables =
                                VARIABLES("REQUEST_METHOD", "GET", "REQUEST_URI", cases[i].uri)};
        const struct request_io io = {fake_variable, fake_read, &fake};
        struct arena arena = {0};
        struct request r;
        struct err e;

        assert_int_equal(request_read_head(&r, &io, &arena, &e), -1);
        assert_string_equal(e.text, cases[i].error);
        arena_free(&arena);
    }
}

static void broken_text_becomes_utf8(void **state)
{
    json_t *fixed = utf8_json("a\xff\xc3\xa9\xe2\x82", 6);

    (void)state;
    assert_string_equal(json_string_value(fixed), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(fixed);
}

static void urls_are_escaped(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_string_equal(escape_url(&arena, "foo-[a]*?/\"<\xc3\xa9~."),
                        "foo-%5Ba%5D%2A%3F%2F%22%3C%C3%A9~.");
    arena_free(&arena);
}

static void forms_are_decoded(void **state)
{
    struct params_list list;
    struct reading r;

    (void)state;
    post(&r, FORM "; charset=\"UTF-8\"",
         "subdomain=Cool%2Dfeature&branch=feature%2fcool+%C3%A9&&flag&empty=&taskdef=a&taskdef=b%"
         "3A1");
    assert_int_equal(r.status, 0);
    check_text(&r, "subdomain", "Cool-feature");
    check_text(&r, "branch", "feature/cool \xc3\xa9");
    check_text(&r, "flag", "");
    check_text(&r, "empty", "");
    check_text(&r, "missing", NULL);
    assert_string_equal(params_launch(&r.request.params, "branch"), "feature/cool \xc3\xa9");
    assert_int_equal(params_list(&r.request.params, &r.arena, "taskdef", &list, &r.e), 0);
    assert_int_equal(list.len, 2);
    assert_string_equal(list.items[0], "a");
    assert_string_equal(list.items[1], "b:1");
    end(&r);
}

static void broken_forms_are_refused(void **state)
{
    struct buf many = {0};

    (void)state;
    check_refused(FORM, "a=1&b=%4", 400, "bad % escape at byte 7 of the body");
    check_refused(FORM, "a=1&%x1=2", 400, "bad % escape at byte 5 of the body");
    check_refused(FORM, "a=%00", 400, "the body includes invalid characters: NUL at byte 3");
    check_refused(FORM, "a=%ff", 400, "the body is not UTF-8 (between byte 3 and 5)");
    check_refused(FORM, "a=1&b=2&a=3", 400, "a is given twice");
    check_refused(FORM, "subdomain=x&sub%64omain=y", 400, "subdomain is given twice");
    for (int i = 0; i < 1001; i++)
        buf_printf(&many, "n%d&", i);
    check_refused(FORM, buf_text(&many), 400, "the body has more than 1000 values");
    buf_free(&many);
}

static void repeatable_names_repeat(void **state)
{
    struct reading r;

    (void)state;
    post(&r, FORM, "taskdef=a&taskdef=b&excludes=c&excludes=d&exclude_tags=e:f&exclude_tags=g:h");
    assert_int_equal(r.status, 0);
    end(&r);
}

static void the_query_string_counts_for_get(void **state)
{
    struct reading r;

    (void)state;
    start(&r,
          VARIABLES("REQUEST_METHOD", "GET", "REQUEST_URI", "/x?ignored=1", "QUERY_STRING",
                    "status=all&x=a%20b", "CONTENT_LENGTH", "3"),
          "y=1", 3, 0);
    assert_int_equal(r.status, 0);
    check_text(&r, "status", "all");
    check_text(&r, "x", "a b");
    check_text(&r, "y", NULL);
    end(&r);
    start(&r, VARIABLES("REQUEST_METHOD", "GET", "REQUEST_URI", "/x", "QUERY_STRING", "a=1&a=2"),
          "", 0, 0);
    assert_int_equal(r.status, 400);
    assert_string_equal(r.e.text, "a is given twice");
    end(&r);
}

static void content_types(void **state)
{
    static const char *const good[] = {
        "application/json", "APPLICATION/JSON", "application/json;charset=utf-8",
        "application/json ; charset=UTF8 ; x=y", "application/json;"};
    static const char *const bad[] = {"",
                                      "text/plain",
                                      "application/jsonp",
                                      "application/json; charset=latin1",
                                      "application/json; charset",
                                      "application/json; charset=\"utf-8",
                                      "application/json x",
                                      "multipart/form-data",
                                      "multipart/mixed; boundary=x"};
    struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        post(&r, good[i], "{}");
        assert_int_equal(r.status, 0);
        end(&r);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(bad[i], "{}", 415,
                      "Content-Type must be application/x-www-form-urlencoded or "
                      "application/json, in UTF-8");
    post(&r, "text/plain", ""); /* nothing there to misread */
    assert_int_equal(r.status, 0);
    end(&r);
}

static void json_only_refuses_forms(void **state)
{
    struct reading r;

    (void)state;
    start(&r, POSTED(FORM, "3"), "a=1", 3, BODY_JSON);
    assert_int_equal(r.status, 400);
    assert_string_equal(r.e.text, "Content-Type must be application/json, in UTF-8");
    end(&r);
    start(&r, POSTED(JSON, "2"), "{}", 2, BODY_FORM);
    assert_int_equal(r.status, 415);
    end(&r);
}

static void check_length(const char *length, const char *body, size_t len, int status,
                         const char *text)
{
    struct reading r;

    start(&r, POSTED(FORM, length), body, len, BODY_FORM);
    assert_int_equal(r.status, status);
    assert_string_equal(r.e.text, text);
    end(&r);
}

static void bodies_are_as_long_as_announced(void **state)
{
    char *large = malloc(REQUEST_BODY_LIMIT + 1);

    (void)state;
    memset(large, 'a', REQUEST_BODY_LIMIT + 1);
    check_length("3", "a=1", 3, 0, "");
    check_length("5", "a=1", 3, 400, "the body ends after 3 of 5 bytes");
    check_length("2", "a=1", 3, 400, "the body is longer than Content-Length says (2 bytes)");
    check_length("", "a=1", 3, 400, "the body is longer than Content-Length says (0 bytes)");
    check_length("", "", 0, 0, "");
    check_length("-1", "a=1", 3, 400, "Content-Length is not a number");
    check_length("3x", "a=1", 3, 400, "Content-Length is not a number");
    check_length("1048576", large, REQUEST_BODY_LIMIT, 0, "");
    check_length("1048577", large, REQUEST_BODY_LIMIT + 1, 413, "the body is larger than 1 MiB");
    check_length("99999999999999999999999999", "", 0, 413, "the body is larger than 1 MiB");
    free(large);
}

static void json_is_read(void **state)
{
    struct params_list list;
    struct reading r;
    const char *number;

    (void)state;
    post(&r, JSON,
         "{\"subdomain\":\"x\",\"taskdef\":[\"a\",\"b\"],\"excludes\":\"one\",\"branch\":\"top\","
         "\"parameters\":{\"who\":\"me\",\"none\":null},\"duration\":300,\"id\":null,\"other\":[1]"
         "}");
    assert_int_equal(r.status, 0);
    check_text(&r, "subdomain", "x");
    check_text(&r, "id", NULL);
    assert_int_equal(params_list(&r.request.params, &r.arena, "taskdef", &list, &r.e), 0);
    assert_int_equal(list.len, 2);
    assert_string_equal(list.items[1], "b");
    assert_int_equal(params_list(&r.request.params, &r.arena, "excludes", &list, &r.e), 0);
    assert_int_equal(list.len, 1);
    assert_string_equal(list.items[0], "one");
    assert_int_equal(params_check_launch(&r.request.params, &r.e), 0);
    assert_string_equal(params_launch(&r.request.params, "branch"), "top");
    assert_string_equal(params_launch(&r.request.params, "who"), "me");
    assert_null(params_launch(&r.request.params, "none"));
    assert_null(params_launch(&r.request.params, "subdomain"));
    assert_int_equal(params_number_text(&r.request.params, &r.arena, "duration", &number, &r.e), 0);
    assert_string_equal(number, "300");
    end(&r);
}

/* As in a form, where it is beside the subdomain: the Go mirage-ecs knows it nowhere else. */
static void branch_counts_before_that_in_parameters(void **state)
{
    static const struct {
        const char *body, *branch;
    } cases[] = {
        {"{\"branch\":\"top\",\"parameters\":{\"branch\":\"inner\"}}", "top"},
        {"{\"branch\":\"top\",\"parameters\":{\"branch\":\"\"}}", "top"},
        {"{\"branch\":\"\",\"parameters\":{\"branch\":\"inner\"}}", "inner"},
        {"{\"branch\":null,\"parameters\":{\"branch\":\"inner\"}}", "inner"},
        {"{\"parameters\":{\"branch\":\"inner\"}}", "inner"},
    };
    struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        post(&r, JSON, cases[i].body);
        assert_string_equal(params_launch(&r.request.params, "branch"), cases[i].branch);
        end(&r);
    }
}

static void broken_json_is_refused(void **state)
{
    struct reading r;
    struct buf deep = {0};

    (void)state;
    check_refused(JSON, "[]", 400, "the JSON body must be an object");
    check_refused(JSON, "{\"a\":1,\n\"a\":2}", 400,
                  "the JSON body is wrong at line 2, column 3: duplicate object key near '\"a\"'");
    check_refused(JSON, "{\n  \"a\" 1}", 400,
                  "the JSON body is wrong at line 2, column 7: ':' expected near '1'");
    post(&r, JSON, "{\"a\":\"\\u0000\"}");
    assert_int_equal(r.status, 400);
    end(&r);
    post(&r, JSON, "{\"a\":\"\xff\"}");
    assert_int_equal(r.status, 400);
    end(&r);
    post(&r, JSON, "{} {}");
    assert_int_equal(r.status, 400);
    end(&r);
    for (int i = 0; i < 100000; i++)
        buf_str(&deep, "{\"a\":");
    post(&r, JSON, buf_text(&deep));
    assert_int_equal(r.status, 400);
    end(&r);
    buf_free(&deep);
}

static void json_types_are_checked_when_asked_for(void **state)
{
    struct params_list list;
    struct reading r;
    const char *value;

    (void)state;
    post(
        &r, JSON,
        "{\"subdomain\":1,\"taskdef\":[\"a\",2],\"excludes\":{},\"duration\":1.5,\"branch\":true}");
    assert_int_equal(r.status, 0);
    assert_int_equal(params_text(&r.request.params, "subdomain", &value, &r.e), -1);
    assert_string_equal(r.e.text, "subdomain must be a string");
    assert_int_equal(params_list(&r.request.params, &r.arena, "taskdef", &list, &r.e), -1);
    assert_string_equal(r.e.text, "taskdef must be a string or an array of strings");
    assert_int_equal(params_list(&r.request.params, &r.arena, "excludes", &list, &r.e), -1);
    assert_string_equal(r.e.text, "excludes must be a string or an array of strings");
    assert_int_equal(params_number_text(&r.request.params, &r.arena, "duration", &value, &r.e), -1);
    assert_string_equal(r.e.text, "duration must be an integer or a string");
    assert_int_equal(params_check_launch(&r.request.params, &r.e), -1);
    assert_string_equal(r.e.text, "branch must be a string");
    end(&r);
    post(&r, JSON, "{\"parameters\":{\"n\":1}}");
    assert_int_equal(params_check_launch(&r.request.params, &r.e), -1);
    assert_string_equal(r.e.text, "n must be a string");
    end(&r);
    post(&r, JSON, "{\"parameters\":[]}");
    assert_int_equal(params_check_launch(&r.request.params, &r.e), -1);
    assert_string_equal(r.e.text, "parameters must be an object");
    end(&r);
}

static void subdomains_are_lower_cased(void **state)
{
    struct reading r;
    const char *subdomain;

    (void)state;
    post(&r, FORM, "subdomain=Foo-*Z");
    assert_int_equal(params_subdomain(&r.request.params, &r.arena, &subdomain, &r.e), 0);
    assert_string_equal(subdomain, "foo-*z");
    end(&r);
    post(&r, FORM, "subdomain=");
    assert_int_equal(params_subdomain(&r.request.params, &r.arena, &subdomain, &r.e), 0);
    assert_null(subdomain);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_and_path),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(broken_text_becomes_utf8),
        cmocka_unit_test(urls_are_escaped),
        cmocka_unit_test(forms_are_decoded),
        cmocka_unit_test(broken_forms_are_refused),
        cmocka_unit_test(repeatable_names_repeat),
        cmocka_unit_test(the_query_string_counts_for_get),
        cmocka_unit_test(content_types),
        cmocka_unit_test(json_only_refuses_forms),
        cmocka_unit_test(bodies_are_as_long_as_announced),
        cmocka_unit_test(json_is_read),
        cmocka_unit_test(branch_counts_before_that_in_parameters),
        cmocka_unit_test(broken_json_is_refused),
        cmocka_unit_test(json_types_are_checked_when_asked_for),
        cmocka_unit_test(subdomains_are_lower_cased),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
