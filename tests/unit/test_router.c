/* The dispatch table and the edge: which route a path has, and what a client gets when a
 * precondition does not hold. No handler runs here, so no database is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/api.h"
#include "fcgi-app/page.h"
#include "fcgi-app/router.h"

static void paths_have_routes(void **state)
{
    static const struct {
        const char *path;
        route_handler handler; /* NULL: no route */
        const char *rest;
    } cases[] = {
        {"/", page_index, ""},
        {"/list", page_list, ""},
        {"/launcher", page_launcher, ""},
        {"/launch", page_launch, ""},
        {"/terminate", page_terminate, ""},
        {"/purges", page_purges, ""},
        {"/purge", page_purge, ""},
        {"/trace/abc", page_trace, "abc"},
        {"/trace/arn:aws:ecs:x:task/dev/abc", page_trace, "arn:aws:ecs:x:task/dev/abc"},
        {"/logs/foo-*", page_logs, "foo-*"},
        {"/api/list", api_list, ""},
        {"/api/launch", api_launch, ""},
        {"/api/logs", api_logs, ""},
        {"/api/terminate", api_terminate, ""},
        {"/api/access", api_access, ""},
        {"/api/purge", api_purge, ""},
        {"/trace/", NULL, ""},
        {"/trace", NULL, ""},
        {"/logs/", NULL, ""},
        {"/list/", NULL, ""},
        {"/launchers", NULL, ""},
        {"/api", NULL, ""},
        {"/api/", NULL, ""},
        {"/api/lists", NULL, ""},
        {"//", NULL, ""},
        {"/x", NULL, ""},
        {"/starting", NULL, ""}, /* at environments' hosts only */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *rest = NULL;
        const struct route *route = router_find(cases[i].path, &rest);

        if ((route ? route->handler : NULL) != cases[i].handler)
            fail_msg("%s has the wrong route", cases[i].path);
        assert_string_equal(rest, cases[i].rest);
    }
}

static void api_paths_are_known(void **state)
{
    (void)state;
    assert_true(request_is_api("/api"));
    assert_true(request_is_api("/api/x"));
    assert_false(request_is_api("/apix"));
    assert_false(request_is_api("/"));
}

struct fake {
    const char *method;
    const char *uri;
    const char *origin;
    const char *type;
    const char *body;
    size_t at;
    char length[24];
};

static const char *fake_variable(void *ctx, const char *name)
{
    const struct fake *fake = ctx;

    if (!strcmp(name, "REQUEST_METHOD"))
        return fake->method;
    if (!strcmp(name, "REQUEST_URI"))
        return fake->uri;
    if (!strcmp(name, "HTTP_HOST"))
        return "mirage.local";
    if (!strcmp(name, "HTTP_ORIGIN"))
        return fake->origin;
    if (!strcmp(name, "CONTENT_TYPE"))
        return fake->type;
    if (!strcmp(name, "CONTENT_LENGTH"))
        return fake->length;
    return NULL;
}

static size_t fake_read(void *ctx, char *bytes, size_t len)
{
    struct fake *fake = ctx;
    size_t left = strlen(fake->body) - fake->at;

    if (len > left)
        len = left;
    memcpy(bytes, fake->body + fake->at, len);
    fake->at += len;
    return len;
}

static const struct {
    const char *method;
    const char *uri;
    const char *origin;
    const char *type;
    const char *body;
    bool compat_v1;
    int status;
    const char *answer; /* the whole of it; NULL: a page */
    const char *allow;
} edge_cases[] = {
    {"GET", "/api/nothing", NULL, "", "", true, 404, "{\"message\":\"Not Found\"}\n", NULL},
    {"POST", "/api/list", NULL, "", "", true, 405, "{\"message\":\"Method Not Allowed\"}\n",
     "GET, HEAD"},
    {"GET", "/api/launch", NULL, "", "", true, 405, "{\"message\":\"Method Not Allowed\"}\n",
     "POST"},
    {"DELETE", "/api/terminate", NULL, "", "", true, 405, "{\"message\":\"Method Not Allowed\"}\n",
     "POST"},
    {"POST", "/api/launch", "http://evil.example", "application/json", "{}", true, 400,
     "{\"result\":\"request comes from another site\"}\n", NULL},
    {"POST", "/api/terminate", NULL, "text/plain", "x", true, 415,
     "{\"result\":\"Content-Type must be application/x-www-form-urlencoded or application/json, in "
     "UTF-8\"}\n",
     NULL},
    {"POST", "/api/terminate", NULL, "application/x-www-form-urlencoded", "id=x", false, 400,
     "{\"result\":\"Content-Type must be application/json, in UTF-8\"}\n", NULL},
    {"POST", "/api/terminate", NULL, "", "", true, 400,
     "{\"result\":\"parameter required: id or subdomain\"}\n", NULL},
    {"POST", "/api/purge", NULL, "application/json", "{\"duration\":299}", true, 400,
     "{\"result\":\"invalid duration 299 (at least 300)\"}\n", NULL},
    {"POST", "/api/purge", NULL, "application/json", "{\"duration\":\"x\"}", true, 400,
     "{\"result\":\"invalid duration x\"}\n", NULL},
    {"POST", "/api/purge", NULL, "application/json",
     "{\"duration\":\"300\",\"exclude_tags\":[\"a:b\",\"c\"]}", true, 400,
     "{\"result\":\"invalid exclude_tags format c\"}\n", NULL},
    {"GET", "/api/logs", NULL, "", "", true, 400,
     "{\"result\":\"parameter required: subdomain\"}\n", NULL},
    {"GET", "/api/access", NULL, "", "", true, 400,
     "{\"result\":\"parameter required: subdomain\"}\n", NULL},
    {"GET", "/api/%zz", NULL, "", "", true, 400,
     "{\"result\":\"bad % escape at byte 6 of the path\"}\n", NULL},
    {"GET", "/nothing<b>", NULL, "", "", true, 404, NULL, NULL},
    {"GET", "/terminate", NULL, "", "", true, 400, NULL, NULL},
    {"POST", "/terminate", "null", "", "", true, 400, NULL, NULL},
    {"POST", "/launch", NULL, "application/json", "{}", true, 415, NULL, NULL},
};

static void preconditions_are_kept(void **state)
{
    struct templates *templates;
    struct err e = {0};

    (void)state;
    if (templates_load(&templates, MIRAGE_TESTS "/../html", MIRAGE_TESTS "/../html", &e) < 0)
        fail_msg("%s", e.text);
    for (size_t i = 0; i < sizeof(edge_cases) / sizeof(edge_cases[0]); i++) {
        const struct config config = {.compat_v1 = edge_cases[i].compat_v1,
                                      .host.webapi = "mirage.local",
                                      .web.server = "lighttpd"};
        const struct services with = {.config = &config, .templates = templates};
        struct fake fake = {edge_cases[i].method,
                            edge_cases[i].uri,
                            edge_cases[i].origin,
                            edge_cases[i].type,
                            edge_cases[i].body,
                            0,
                            ""};
        const struct request_io io = {fake_variable, fake_read, &fake};
        struct response response = {0};
        bool is_head;

        snprintf(fake.length, sizeof(fake.length), "%zu", strlen(fake.body));
        router_answer(&with, &io, &response, &is_head);
        if (response.status != edge_cases[i].status)
            fail_msg("%s %s: %d: %s", fake.method, fake.uri, response.status,
                     buf_text(&response.body));
        if (edge_cases[i].answer)
            assert_string_equal(buf_text(&response.body), edge_cases[i].answer);
        else
            assert_non_null(strstr(buf_text(&response.body), "<h1>"));
        assert_int_equal(response.is_page, !edge_cases[i].answer);
        assert_null(strstr(buf_text(&response.body), "<b>"));
        if (edge_cases[i].allow)
            assert_string_equal(response.allow, edge_cases[i].allow);
        else
            assert_null(response.allow);
        response_free(&response);
    }
    templates_free(templates);
}

static void answers_have_their_headers(void **state)
{
    struct response response = {0};
    struct buf out = {0};

    (void)state;
    respond_json_text(&response, 503, "result", "caf\xff \"x\"");
    response.retry_after = 1;
    response_write(&response, false, &out);
    assert_string_equal(buf_text(&out),
                        "Status: 503 Service Unavailable\r\n"
                        "Content-Type: application/json; charset=UTF-8\r\n"
                        "Content-Length: 26\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "Retry-After: 1\r\n\r\n"
                        "{\"result\":\"caf\xef\xbf\xbd \\\"x\\\"\"}\n");
    buf_clear(&out);
    respond_redirect(&response, "/");
    response_write(&response, false, &out);
    assert_non_null(strstr(buf_text(&out), "Status: 303 See Other\r\n"));
    assert_non_null(strstr(buf_text(&out), "Location: /\r\n"));
    assert_non_null(strstr(buf_text(&out), "Content-Security-Policy: default-src 'none'; "));
    buf_clear(&out);
    respond_json_text(&response, 200, "result", "ok");
    response_write(&response, true, &out);
    assert_non_null(strstr(buf_text(&out), "Content-Length: 16\r\n"));
    assert_null(strstr(buf_text(&out), "{"));
    buf_free(&out);
    response_free(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_routes),
        cmocka_unit_test(api_paths_are_known),
        cmocka_unit_test(preconditions_are_kept),
        cmocka_unit_test(answers_have_their_headers),
    };

    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
