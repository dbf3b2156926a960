/* What is found in an accepted head: its parts, its body, and what its connection is to become. */
#include "proxyd/http.h"

#include <string.h>

#include "http_guard.h"

#include <stdio.h>

#define GET     "GET / HTTP/1.1\r\n"
#define POST    "POST / HTTP/1.1\r\n"
#define HOST    "Host: a.example\r\n"
#define GET_A   GET HOST
#define POST_A  POST HOST
#define END     "\r\n"
#define OLD_GET "GET / HTTP/1.0\r\n"
#define OK      "HTTP/1.1 200 OK\r\n"
#define OLD_OK  "HTTP/1.0 200 OK\r\n"

static struct http_request request;
static struct http_response response;

static const char *current; /* where the slices point */

static void parse_good(const char *text)
{
    current = guarded(text, strlen(text));
    size_t scanned = 0;
    assert_int_equal(http_head_end(current, strlen(text), true, &scanned), strlen(text));
    assert_int_equal(http_parse_request(current, strlen(text), &request), 0);
}

static void parse_response_to(enum http_method method, const char *text)
{
    size_t scanned = 0;
    current = guarded(text, strlen(text));
    long end = http_head_end(current, strlen(text), false, &scanned);
    assert_int_equal(end, strlen(text));
    assert_int_equal(http_parse_response(current, (size_t)end, method, &response), 0);
}

static void slice_is(struct http_slice slice, const char *text)
{
    assert_int_equal(slice.len, strlen(text));
    assert_memory_equal(current + slice.at, text, slice.len);
}

static void finds_parts(void **state)
{
    (void)state;
    parse_good("\r\nPUT /p/q?r=s HTTP/1.1\r\nHost:  A.example:80 \r\nX-Y:\tz z\t\r\n\r\n");
    assert_int_equal(request.method, HTTP_METHOD_PUT);
    slice_is(request.method_text, "PUT");
    slice_is(request.target, "/p/q?r=s");
    slice_is(request.path, "/p/q?r=s");
    slice_is(request.query, "");
    slice_is(request.host, "A.example");
    assert_int_equal(request.form, HTTP_TARGET_ORIGIN);
    assert_int_equal(request.minor, 1);
    assert_int_equal(request.body, HTTP_BODY_NONE);
    assert_int_equal(request.fields.len, 2);
    slice_is(request.fields.items[0].name, "Host");
    slice_is(request.fields.items[0].value, "A.example:80");
    slice_is(request.fields.items[1].name, "X-Y");
    slice_is(request.fields.items[1].value, "z z");
    slice_is(request.fields.items[1].line, "X-Y:\tz z\t\r\n");
}

static void finds_path_of_absolute_target(void **state)
{
    (void)state;
    parse_good("GET http://a:1/p?q HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_ABSOLUTE);
    slice_is(request.path, "/p?q");
    slice_is(request.host, "a");
    parse_good("GET https://a HTTP/1.1\r\nHost: a\r\n\r\n");
    slice_is(request.path, "");
    slice_is(request.query, "");
    parse_good("GET http://a?q/r HTTP/1.1\r\nHost: a\r\n\r\n");
    slice_is(request.path, "");
    slice_is(request.query, "?q/r");
    parse_good("OPTIONS * HTTP/1.1\r\nHost: [::1]:8\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_ASTERISK);
    slice_is(request.path, "*");
    slice_is(request.host, "[::1]");
    parse_good("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_AUTHORITY);
    slice_is(request.target, "a:443");
}

static void knows_methods(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_method method;
    } methods[] = {
        {"DELETE", HTTP_METHOD_DELETE},   {"GET", HTTP_METHOD_GET},     {"HEAD", HTTP_METHOD_HEAD},
        {"OPTIONS", HTTP_METHOD_OPTIONS}, {"PATCH", HTTP_METHOD_PATCH}, {"POST", HTTP_METHOD_POST},
        {"PUT", HTTP_METHOD_PUT},         {"TRACE", HTTP_METHOD_TRACE}, {"get", HTTP_METHOD_OTHER},
        {"GETX", HTTP_METHOD_OTHER},      {"GE", HTTP_METHOD_OTHER},
    };
    for (size_t i = 0; i < COUNT(methods); i++) {
        char text[128];
        stpcpy(stpcpy(text, methods[i].text), " / HTTP/1.1\r\n" HOST END);
        parse_good(text);
        assert_int_equal(request.method, methods[i].method);
    }
}

static void knows_fields(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum http_field_id id;
        bool hop_by_hop;
    } fields[] = {
        {"Accept: x\r\n", HTTP_FIELD_ACCEPT, false},
        {"ACCEPT: x\r\n", HTTP_FIELD_ACCEPT, false},
        {"Accepts: x\r\n", HTTP_FIELD_OTHER, false},
        {"Connection: close\r\n", HTTP_FIELD_CONNECTION, true},
        {"Content-Length: 3\r\n", HTTP_FIELD_CONTENT_LENGTH, true},
        {"Cookie: a=b\r\n", HTTP_FIELD_COOKIE, false},
        {"Expect: 100-continue\r\n", HTTP_FIELD_EXPECT, false},
        {"Keep-Alive: timeout=5\r\n", HTTP_FIELD_KEEP_ALIVE, true},
        {"Proxy-Authenticate: x\r\n", HTTP_FIELD_PROXY_AUTHENTICATE, true},
        {"Proxy-Authorization: x\r\n", HTTP_FIELD_PROXY_AUTHORIZATION, true},
        {"Proxy-Connection: x\r\n", HTTP_FIELD_PROXY_CONNECTION, true},
        {"TE: trailers\r\n", HTTP_FIELD_TE, true},
        {"Trailer: x\r\n", HTTP_FIELD_TRAILER, false},
        {"Transfer-Encoding: chunked\r\n", HTTP_FIELD_TRANSFER_ENCODING, true},
        {"Upgrade: x\r\n", HTTP_FIELD_UPGRADE, true},
        {"HTTP2-Settings: x\r\n", HTTP_FIELD_HTTP2_SETTINGS, true},
        {"X_Odd: x\r\n", HTTP_FIELD_OTHER, false},
        {"X-Forwarded-For: x\r\n", HTTP_FIELD_X_FORWARDED_FOR, false},
        {"X-Forwarded-Host: x\r\n", HTTP_FIELD_X_FORWARDED_HOST, false},
        {"X-Forwarded-Proto: x\r\n", HTTP_FIELD_X_FORWARDED_PROTO, false},
        {"X-Forwarded_For: x\r\n", HTTP_FIELD_OTHER, true},
        {"Transfer_Encoding: x\r\n", HTTP_FIELD_OTHER, true},
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        char text[256];
        stpcpy(stpcpy(stpcpy(text, POST_A), fields[i].line), END);
        parse_good(text);
        assert_int_equal(request.fields.items[1].id, fields[i].id);
        assert_int_equal(request.fields.items[1].hop_by_hop, fields[i].hop_by_hop);
    }
}

static bool hop_by_hop(const char *name)
{
    for (size_t i = 0; i < request.fields.len; i++) {
        const struct http_field *f = &request.fields.items[i];
        if (http_name_is(current + f->name.at, f->name.len, name))
            return f->hop_by_hop;
    }
    fail_msg("no field %s", name);
    return false;
}

static void connection_names_fields(void **state)
{
    (void)state;
    parse_good(GET_A "X-A: 1\r\nConnection: x-a , X-B,x-none\r\nX-a: 2\r\nx-b: 3\r\nX-AB: 4\r\n"
                     "Connection: X-C\r\nx-c: 5\r\n" END);
    assert_true(hop_by_hop("x-a"));
    assert_true(request.fields.items[3].hop_by_hop);
    assert_true(hop_by_hop("x-b"));
    assert_true(hop_by_hop("x-c"));
    assert_false(hop_by_hop("x-ab"));
}

static void connection_cannot_remove_what_matters(void **state)
{
    (void)state;
    parse_good(GET_A "Connection: host, cookie, authorization, x-forwarded-for,"
                     "x-forwarded-proto, x-forwarded-host, expect\r\n"
                     "Cookie: a=b\r\nAuthorization: Basic x\r\nX-Forwarded-For: 192.0.2.1\r\n"
                     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n"
                     "Expect: 100-continue\r\n" END);
    assert_false(hop_by_hop("host"));
    assert_false(hop_by_hop("cookie"));
    assert_false(hop_by_hop("authorization"));
    assert_false(hop_by_hop("x-forwarded-for"));
    assert_false(hop_by_hop("x-forwarded-proto"));
    assert_false(hop_by_hop("x-forwarded-host"));
    assert_false(hop_by_hop("expect"));
    parse_good(POST_A "Connection: content-length, transfer-encoding\r\nContent-Length: 3\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_LENGTH);
    assert_int_equal(request.content_length, 3);
}

static void too_many_connection_options(void **state)
{
    (void)state;
    char text[1024];
    char *end = stpcpy(text, GET_A "Connection: a");
    for (int i = 1; i < 65; i++)
        end = stpcpy(end, ",a");
    stpcpy(end, END END);
    assert_int_equal(http_parse_request(text, strlen(text), &request), 400);
    stpcpy(end - 2, END END);
    assert_int_equal(http_parse_request(text, strlen(text), &request), 0);
}

static void request_body(void **state)
{
    (void)state;
    parse_good(POST_A "Content-Length: 0\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_LENGTH);
    assert_int_equal(request.content_length, 0);
    parse_good(POST_A "Content-Length: 9223372036854775807\r\n" END);
    assert_true(request.content_length == INT64_MAX);
    parse_good(POST_A "Transfer-Encoding: Chunked\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_CHUNKED);
    parse_good(POST_A END);
    assert_int_equal(request.body, HTTP_BODY_NONE);
}

static void keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } heads[] = {
        {GET_A END, true},
        {GET_A "Connection: close\r\n" END, false},
        {GET_A "Connection: x, CLOSE\r\n" END, false},
        {GET_A "Connection: keep-alive\r\nConnection: close\r\n" END, false},
        {GET_A "Connection: closed\r\n" END, true},
        {GET_A "Proxy-Connection: close\r\n" END, true},
        {OLD_GET END, false},
        {OLD_GET "Connection: Keep-Alive\r\n" END, true},
        {OLD_GET "Connection: keep-alive, close\r\n" END, false},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        parse_good(heads[i].text);
        assert_int_equal(request.keep_alive, heads[i].keep_alive);
    }
}

static void upgrade_and_expect(void **state)
{
    static const char *const others[] = {"h2c",          "TLS/1.0",    "echo", "websocket2",
                                         "websocket/13", "web socket", "",     ",",
                                         "x websocket"};

    (void)state;
    parse_good(GET_A "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" END);
    assert_true(request.upgrade);
    parse_good(GET_A "Connection: upgrade\r\nUpgrade: h2c, WEBSOCKET\r\n" END);
    assert_true(request.upgrade);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char head[128];
        snprintf(head, sizeof head, GET_A "Connection: upgrade\r\nUpgrade: %s\r\n" END, others[i]);
        parse_good(head);
        assert_false(request.upgrade);
    }
    parse_good(GET_A "Upgrade: websocket\r\n" END);
    assert_false(request.upgrade);
    parse_good(GET_A "Connection: upgrade\r\n" END);
    assert_false(request.upgrade);
    parse_good(OLD_GET "Connection: upgrade\r\nUpgrade: websocket\r\n" END);
    assert_false(request.upgrade);
    parse_good(POST_A "Expect: 100-continue\r\nContent-Length: 1\r\n" END);
    assert_true(request.expect_continue);
    parse_good("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n" END);
    assert_false(request.expect_continue);
}

static void stops_at_the_end_of_the_head(void **state)
{
    (void)state;
    const char text[] = GET_A END "GET /next HTTP/1.1\r\n";
    size_t scanned = 0;
    assert_int_equal(http_head_end(text, sizeof(text) - 1, true, &scanned), sizeof(GET_A END) - 1);
}

static void compares_names(void **state)
{
    (void)state;
    assert_true(http_name_is("Host", 4, "host"));
    assert_true(http_name_is("", 0, ""));
    assert_false(http_name_is("Hos", 3, "host"));
    assert_false(http_name_is("Hosts", 5, "host"));
    assert_false(http_name_is("host\0", 5, "host"));
    assert_false(http_name_is("K\r", 2, "k-"));
    assert_false(http_name_is("@", 1, "`"));
}

/* --- responses -------------------------------------------------------------------------------- */

static void response_body(void **state)
{
    (void)state;
    static const struct {
        enum http_method method;
        const char *text;
        enum http_body body;
    } heads[] = {
        {HTTP_METHOD_GET, OK "Content-Length: 5\r\n" END, HTTP_BODY_LENGTH},
        {HTTP_METHOD_GET, OK "Transfer-Encoding: chunked\r\n" END, HTTP_BODY_CHUNKED},
        {HTTP_METHOD_GET, OK END, HTTP_BODY_UNTIL_CLOSE},
        {HTTP_METHOD_GET, OLD_OK END, HTTP_BODY_UNTIL_CLOSE},
        {HTTP_METHOD_HEAD, OK "Content-Length: 5\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_HEAD, OK "Transfer-Encoding: chunked\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_HEAD, OK END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 304 X\r\nContent-Length: 5\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 204 X\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 100 X\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 205 X\r\nContent-Length: 0\r\n" END, HTTP_BODY_LENGTH},
        {HTTP_METHOD_CONNECT, OK END, HTTP_BODY_NONE},
        {HTTP_METHOD_CONNECT, "HTTP/1.1 407 X\r\nContent-Length: 1\r\n" END, HTTP_BODY_LENGTH},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        parse_response_to(heads[i].method, heads[i].text);
        assert_int_equal(response.body, heads[i].body);
    }
}

static void response_parts(void **state)
{
    (void)state;
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.0 404 Not Found\r\nContent-Length: 12\r\n"
                                       "Connection: keep-alive, x-a\r\nX-A: 1\r\nX-B: 2\r\n\r\n");
    assert_int_equal(response.status, 404);
    assert_int_equal(response.minor, 0);
    assert_int_equal(response.content_length, 12);
    assert_true(response.keep_alive);
    assert_false(response.upgrade);
    slice_is(response.reason, "Not Found");
    slice_is(response.fields.items[2].name, "X-A");
    assert_true(response.fields.items[2].hop_by_hop);
    assert_false(response.fields.items[3].hop_by_hop);
}

static void response_connection(void **state)
{
    static const char *const ended[] = {
        "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n" END, /* its body may follow */
        "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n" END,
        "HTTP/1.1 204 X\r\nContent-Length: 5\r\n" END,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ended); i++) {
        parse_response_to(HTTP_METHOD_GET, ended[i]);
        assert_false(response.keep_alive);
    }
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 304 X\r\nContent-Length: 5\r\n" END);
    assert_true(response.keep_alive); /* it is the length that a 200 would have */
    parse_response_to(HTTP_METHOD_GET, OK "Content-Length: 0\r\n" END);
    assert_true(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OK "Content-Length: 0\r\nConnection: close\r\n" END);
    assert_false(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OLD_OK "Content-Length: 0\r\n" END);
    assert_false(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OK "Connection: keep-alive\r\n" END);
    assert_false(response.keep_alive); /* its body ends with the connection */
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 101 Switching Protocols\r\n"
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_true(response.upgrade);
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n");
    assert_false(response.upgrade);
    parse_response_to(HTTP_METHOD_GET,
                      "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
    assert_false(response.upgrade);
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 426 X\r\nConnection: upgrade\r\n"
                                       "Upgrade: websocket\r\n\r\n");
    assert_false(response.upgrade);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parts),
        cmocka_unit_test(finds_path_of_absolute_target),
        cmocka_unit_test(knows_methods),
        cmocka_unit_test(knows_fields),
        cmocka_unit_test(connection_names_fields),
        cmocka_unit_test(connection_cannot_remove_what_matters),
        cmocka_unit_test(too_many_connection_options),
        cmocka_unit_test(request_body),
        cmocka_unit_test(keep_alive),
        cmocka_unit_test(upgrade_and_expect),
        cmocka_unit_test(stops_at_the_end_of_the_head),
        cmocka_unit_test(compares_names),
        cmocka_unit_test(response_body),
        cmocka_unit_test(response_parts),
        cmocka_unit_test(response_connection),
    };
    return cmocka_run_group_tests(tests, map_guard, NULL);
}
