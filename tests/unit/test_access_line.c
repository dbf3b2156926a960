/* Lines of the access log: one line of valid JSON, or of `combined`, whatever bytes came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "proxyd/access_line.h"
#include "utf8.h"

static char text[ACCESS_LINE_MAX];

static struct access_text text_of(const char *bytes)
{
    return (struct access_text){bytes, bytes ? strlen(bytes) : 0};
}

static struct access_line line(void)
{
    return (struct access_line){.at_ms = 1767366245678,
                                .client = "192.0.2.7",
                                .method = text_of("GET"),
                                .target = text_of("/a?b=c"),
                                .host = text_of("shop.example.net"),
                                .referer = text_of(NULL),
                                .agent = text_of("Mozilla/5.0 (X11)"),
                                .minor = 1,
                                .status = 200,
                                .bytes = 1234,
                                .us = 1002003,
                                .by = "task",
                                .environment = "shop",
                                .task = "10.0.0.7:80"};
}

static void a_line_of_each(void **state)
{
    const struct access_line l = line();
    size_t len = access_line_json(&l, text);

    (void)state;
    text[len] = '\0';
    assert_string_equal(
        text, "{\"time\":\"2026-01-02T15:04:05.678Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\","
              "\"host\":\"shop.example.net\",\"target\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\","
              "\"status\":200,\"bytes\":1234,\"seconds\":1.002003,\"by\":\"task\","
              "\"environment\":\"shop\",\"task\":\"10.0.0.7:80\",\"referer\":null,"
              "\"user_agent\":\"Mozilla/5.0 (X11)\"}\n");
    len = access_line_combined(&l, text);
    text[len] = '\0';
    assert_string_equal(text, "192.0.2.7 - - [02/Jan/2026:15:04:05 +0000] \"GET /a?b=c HTTP/1.1\" "
                              "200 1234 \"-\" \"Mozilla/5.0 (X11)\"\n");
}

/* As the C library has it, for days of two hundred years. */
static void times(void **state)
{
    struct access_line l = line();
    char expected[64];

    (void)state;
    for (int64_t day = 0; day < 200 * 366; day++) {
        const time_t at = (time_t)(day * 86400 + day * 7919 % 86400);
        struct tm tm;
        l.at_ms = (int64_t)at * 1000 + 7;
        gmtime_r(&at, &tm);
        strftime(expected, sizeof expected, "{\"time\":\"%Y-%m-%dT%H:%M:%S.007Z\"", &tm);
        access_line_json(&l, text);
        assert_memory_equal(text, expected, strlen(expected));
        strftime(expected, sizeof expected, "192.0.2.7 - - [%d/%b/%Y:%H:%M:%S +0000]", &tm);
        access_line_combined(&l, text);
        assert_memory_equal(text, expected, strlen(expected));
    }
}

static void a_request_that_was_none(void **state)
{
    const struct access_line l = {
        .at_ms = 0, .client = "::1", .minor = 0, .by = "proxy", .environment = "", .task = ""};
    size_t len = access_line_combined(&l, text);

    (void)state;
    text[len] = '\0';
    assert_string_equal(text, "::1 - - [01/Jan/1970:00:00:00 +0000] \"-\" 000 - \"-\" \"-\"\n");
    len = access_line_json(&l, text);
    text[len] = '\0';
    assert_non_null(strstr(text, "\"method\":null,\"host\":null,\"target\":null,"));
    assert_non_null(strstr(text, "\"environment\":null,\"task\":null"));
}

static void quoted_as_apache_does(void **state)
{
    struct access_line l = line();
    size_t len;

    (void)state;
    l.target = text_of("/\"\\\x01\x7f\xc3\xa9");
    len = access_line_combined(&l, text);
    text[len] = '\0';
    assert_non_null(strstr(text, "\"GET /\\\"\\\\\\x01\\x7f\\xc3\\xa9 HTTP/1.1\""));
}

/* The line is one line of UTF-8, and says what came, but for bytes that are no UTF-8. */
static void check_json(const struct access_line *l, const char *agent)
{
    const size_t len = access_line_json(l, text);
    json_error_t where;
    json_t *json = json_loadb(text, len, JSON_ALLOW_NUL, &where);

    if (!json)
        fail_msg("%s", where.text);
    assert_int_equal(utf8_valid(text, len), len);
    assert_ptr_equal(memchr(text, '\n', len), text + len - 1);
    if (agent)
        assert_string_equal(json_string_value(json_object_get(json, "user_agent")), agent);
    json_decref(json);
}

static void whatever_bytes_come(void **state)
{
    char bytes[512];
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct access_line l = line();
        size_t len = 1 + round % sizeof bytes;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (char)(seed >> 24);
        }
        l.method = l.target = l.host = l.referer = l.agent = (struct access_text){bytes, len};
        check_json(&l, NULL);
        len = access_line_combined(&l, text);
        assert_ptr_equal(memchr(text, '\n', len), text + len - 1);
        for (size_t i = 0; i < len - 1; i++)
            assert_in_range((unsigned char)text[i], ' ', '~');
    }
}

static void characters_stay(void **state)
{
    struct access_line l = line();

    (void)state;
    l.agent = text_of("a\"b\\c\td \xe3\x81\x82 \xf0\x9f\x98\x80");
    check_json(&l, "a\"b\\c\td \xe3\x81\x82 \xf0\x9f\x98\x80");
    l.agent = text_of("\xff"
                      "a\xe3\x81");
    check_json(&l, "\xef\xbf\xbd"
                   "a\xef\xbf\xbd\xef\xbf\xbd");
}

/* The longest of all, each byte of which takes the most room. */
static void the_longest(void **state)
{
    static char long_text[70000];
    struct access_line l = line();
    const struct access_text most = {long_text, sizeof long_text};
    size_t len;

    (void)state;
    memset(long_text, 1, sizeof long_text);
    l.method = l.target = l.host = l.referer = l.agent = most;
    l.status = 99999;
    l.bytes = INT64_MAX;
    l.us = INT64_MAX;
    len = access_line_json(&l, text);
    assert_true(len < ACCESS_LINE_MAX);
    check_json(&l, NULL);
    assert_true(access_line_combined(&l, text) < ACCESS_LINE_MAX);
    memset(long_text, 0xff, sizeof long_text);
    check_json(&l, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_each),
        cmocka_unit_test(times),
        cmocka_unit_test(a_request_that_was_none),
        cmocka_unit_test(quoted_as_apache_does),
        cmocka_unit_test(whatever_bytes_come),
        cmocka_unit_test(characters_stay),
        cmocka_unit_test(the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
