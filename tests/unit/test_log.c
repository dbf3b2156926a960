/* Lines of the log: nothing that a client sends looks like anything but itself. */
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "utf8.h"

/* The line that log_warn() writes of this text. */
static const char *logged(const char *text, enum log_format format)
{
    static char line[8192];
    int fds[2], before = dup(STDERR_FILENO);
    ssize_t n;

    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    log_setup(LOG_LEVEL_INFO, format);
    log_warn("%s", text);
    dup2(before, STDERR_FILENO);
    close(before);
    close(fds[1]);
    n = read(fds[0], line, sizeof line - 1);
    close(fds[0]);
    assert_true(n > 0 && line[n - 1] == '\n');
    line[n - 1] = '\0';
    assert_int_equal(utf8_valid(line, strlen(line)), strlen(line));
    return line;
}

static const struct {
    const char *text, *shown;
} cases[] = {
    {"plain", "plain"},
    {"\xe6\x97\xa5\xe6\x9c\xac \xc3\xa4 \xf0\x9f\x98\x80",
     "\xe6\x97\xa5\xe6\x9c\xac \xc3\xa4 \xf0\x9f\x98\x80"},
    {"a\nb\r\tc\x1b[31m\x7f", "a\\x0ab\\x0d\\x09c\\x1b[31m\\x7f"},
    {"\xc2\x9b"
     "31m \xc2\x85",
     "\\x9b31m \\x85"}, /* CSI and NEL as characters */
    {"\x9b"
     "31m",
     "\\x9b31m"},                          /* and as a byte */
    {"\xff\xfe \xc3", "\\xff\\xfe \\xc3"}, /* no UTF-8 */
    {"\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80", "\\xc0\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80"},
    {"a\xe2\x80\xae"
     "b\xe2\x80\xac",
     "a\\u202eb\\u202c"}, /* right to left, and back */
    {"\xe2\x81\xa6x\xe2\x81\xa9 \xe2\x80\x8f\xd8\x9c", "\\u2066x\\u2069 \\u200f\\u061c"},
    {"\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xc2\xad", "\\u200b\\u200d\\ufeff\\xad"},
    {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"}, /* line, paragraph */
    {"\xf3\xa0\x81\x81", "\\ue0041"},               /* a tag */
};

static void text_shows_as_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(
            strchr(strstr(logged(cases[i].text, LOG_FORMAT_TEXT), "[test_log.c:"), ']') + 2,
            cases[i].shown);
}

/* Who reads the JSON gets the characters, and what is no UTF-8 as an escape. */
static void json_is_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *line = logged(cases[i].text, LOG_FORMAT_JSON), *msg;
        json_t *json = json_loads(line, 0, NULL);
        if (!json)
            fail_msg("no JSON: %s", line);
        for (const char *p = strstr(line, "\"msg\""); *p; p++)
            assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p != 0x7f);
        assert_null(strstr(line, "\xe2\x80\xae"));
        msg = json_string_value(json_object_get(json, "msg"));
        if (utf8_valid(cases[i].text, strlen(cases[i].text)) == strlen(cases[i].text))
            assert_string_equal(msg, cases[i].text);
        json_decref(json);
    }
    assert_non_null(strstr(logged("\xff\"\\", LOG_FORMAT_JSON), "\"msg\":\"\\\\xff\\\"\\\\\"}"));
}

static void long_text_is_cut_and_stays_text(void **state)
{
    char text[6001];

    (void)state;
    for (size_t start = 0; start < 4; start++) {
        memset(text, 'a', start);
        for (size_t i = start; i + 4 <= sizeof text - 1; i += 4)
            memcpy(text + i, "\xf3\xa0\x81\x81", 4);
        text[sizeof text - 4] = '\0';
        assert_true(strlen(logged(text, LOG_FORMAT_TEXT)) < 4200);
        json_decref(json_loads(logged(text, LOG_FORMAT_JSON), 0, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_as_itself),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(long_text_is_cut_and_stays_text),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
