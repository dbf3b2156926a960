/* Any value of a variable survives its way through YAML, or is warned about. */
#include "config_fixture.h"

static const char *const values[] = {
    "plain",
    "it's#x",
    "abc #def",
    "#abc",
    "x: y",
    "x:",
    "- a",
    "-",
    "'single'",
    "\"double\"",
    "\"",
    "'",
    "a'b''c",
    "back\\slash \\n \\x41",
    "a\nb",
    "a\n\n  b\n",
    " leading",
    "trailing ",
    "\ttab\t",
    "\r\n",
    "~",
    "null",
    "*alias",
    "&anchor",
    "!tag x",
    "%",
    "@",
    "`",
    "[a",
    "[a, b]",
    "{a: b}",
    "}}",
    "{{ env \"HOME\" }}",
    "| x",
    "> x",
    "? x",
    ", ",
    "a, b",
    "a]b",
    "---",
    "...",
    "\x01\x1b\x7f",
    "\xc2\x85\xc2\xa0",
    "\xe2\x80\xa8\xe2\x80\xa9",
    ("\xef\xbb\xbf"
     "bom"),
    "\xe6\x97\xa5\xe6\x9c\xac\xf0\x9f\x98\x80",
    "<&>",
    "$x",
};

static const char *const places[] = {
    "htmldir: '{{ must_env \"TEST_VALUE\" }}'\n",
    "htmldir: \"{{ must_env \"TEST_VALUE\" }}\"\n",
    "htmldir: '{{ must_env `TEST_VALUE` }}' # it's\nweb: {server: apache}\n",
    "{\"htmldir\": \"{{ env \"TEST_VALUE\" \"x\" }}\", \"web\": {\"server\": \"apache\"}}\n",
    "{htmldir: '{{ env \"TEST_NONE\" \"TEST_VALUE\" \"x\" }}', web: {server: apache}}\n",
    "# it's\nhtmldir:\n  '{{ must_env \"TEST_VALUE\" }}'\n",
    "parameters:\n- name: a\n  env: A\n  description: it's \"so\n"
    "htmldir: '{{ must_env \"TEST_VALUE\" }}'\n",
    "parameters: [{name: a, env: \"A\", description: 'it''s'}]\n"
    "htmldir: \"{{ must_env \"TEST_VALUE\" }}\"\n",
    "parameters:\n- name: a\n  env: A\n  description: |\n    it's\n      \"so\n\n    # no comment\n"
    "htmldir: '{{ must_env \"TEST_VALUE\" }}'\n",
    "x: &x\n  'it''s'\nhtmldir: !!str '{{ must_env \"TEST_VALUE\" }}'\n",
};

static void any_value_survives_quotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t k = 0; k < COUNT(places); k++) {
            struct config *c;
            setenv("TEST_VALUE", values[i], 1);
            if (load_bytes(&c, places[k], strlen(places[k])) != 0)
                fail_msg("%s\nvalue: %s\n%s", e.text, values[i], places[k]);
            assert_string_equal(c->htmldir, values[i]);
            assert_null(strstr(buf_text(&warnings), "TEST_VALUE"));
            config_free(c);
        }
}

/* A value of one byte, any, between others. */
static void any_byte_survives_quotes(void **state)
{
    (void)state;
    for (int byte = 1; byte < 128; byte++)
        for (size_t k = 0; k < 2; k++) {
            char value[] = {'a', (char)byte, 'b', (char)byte, (char)byte, '\0'};
            struct config *c;
            setenv("TEST_VALUE", value, 1);
            c = loaded(places[k]);
            assert_string_equal(c->htmldir, value);
            config_free(c);
        }
}

/* Read as it is, or a warning with variable, line and quotes. Never anything else in silence. */
static void bare_values_survive_or_are_warned_about(void **state)
{
    static const char *const bare[] = {
        "web: {server: apache}\nhtmldir: {{ must_env \"TEST_VALUE\" }}\nlink: {}\n",
        "{web: {server: apache},\nhtmldir: {{ must_env \"TEST_VALUE\" }} }\n",
        "x: 1\nhtmldir: a{{ must_env \"TEST_VALUE\" }}\n",
        "x: 1\nhtmldir: a {{ must_env \"TEST_VALUE\" }}\n",
        "x: 1\nhtmldir: {{ must_env \"TEST_VALUE\" }}z # comment\n",
    };
    size_t warned = 0, read = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t k = 0; k < COUNT(bare); k++) {
            char expected[PATH_MAX + 512], text[128];
            struct config *c;
            bool good, is_warned;
            int rc;
            setenv("TEST_VALUE", values[i], 1);
            rc = load_bytes(&c, bare[k], strlen(bare[k]));
            snprintf(expected, sizeof expected,
                     "%s:2: the value of the variable TEST_VALUE is no plain text for YAML, which "
                     "reads it otherwise; put quotes around it: '{{ must_env \"TEST_VALUE\" }}'\n",
                     path);
            snprintf(text, sizeof text, "%s%s%s",
                     k == 2   ? "a"
                     : k == 3 ? "a "
                              : "",
                     values[i], k == 4 ? "z" : "");
            good = rc == 0 && c->htmldir && !strcmp(c->htmldir, text);
            is_warned = strstr(buf_text(&warnings), expected) ||
                        (rc < 0 && !strncmp(e.text, expected, strlen(expected) - 1));
            if (!good && !is_warned && values[i][0] != '[')
                fail_msg("in silence: '%s' in\n%s", values[i], bare[k]);
            warned += is_warned;
            read += good && !is_warned;
            if (rc == 0)
                config_free(c);
        }
    assert_true(warned > 100 && read > 40);
}

static void bare_values_below_auth_are_an_error(void **state)
{
    static const char *const texts[] = {
        "web: {server: apache}\nauth:\n  # it's\n  basic: {username: u, password: x}\n"
        "  cookie_secret: {{ must_env \"TEST_VALUE\" }}\n",
        "\"auth\":\n  basic: {username: u,\n\n    password: x}\n"
        "  cookie_secret: {{ must_env \"TEST_VALUE\" }}\n",
        "{a: 1,\n\n\nauth: {basic: {username: u, password: x},\n"
        "  cookie_secret: {{ must_env \"TEST_VALUE\" }} }}\n",
    };
    struct config *c;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        setenv("TEST_VALUE", "abc #def", 1);
        assert_int_equal(load_bytes(&c, texts[i], strlen(texts[i])), -1);
        assert_non_null(strstr(e.text, ":5: the value of the variable TEST_VALUE is no plain"));
        assert_null(strstr(e.text, "abc"));
        setenv("TEST_VALUE", "[abc, def]", 1);
        c = loaded(texts[i]);
        assert_int_equal(c->auth.cookie_secret.len, 2);
        assert_string_equal(c->auth.cookie_secret.items[1], "def");
        config_free(c);
        setenv("TEST_VALUE", "0123456789abcdef", 1);
        c = loaded(texts[i]);
        assert_string_equal(c->auth.cookie_secret.items[0], "0123456789abcdef");
        config_free(c);
    }
    setenv("TEST_VALUE", "abc #def", 1); /* not below auth any more */
    config_free(loaded("auth:\n  basic: {username: u, password: x}\n"
                       "host:\n  x: {{ must_env \"TEST_VALUE\" }}\n"
                       "x: '{{ must_env \"TEST_VALUE\" }}'\n"));
}

static void lists_and_numbers_come_from_variables(void **state)
{
    struct config *c;

    (void)state;
    setenv("TEST_LIST", "[10.0.0.0/8, 192.0.2.1]", 1);
    setenv("TEST_NUMBER", "8081", 1);
    setenv("TEST_TRUE", "true", 1);
    c = loaded("network:\n  trusted_proxies: {{ env \"TEST_LIST\" }}\n"
               "listen:\n  http:\n  - listen: {{ env \"TEST_NUMBER\" }}\n"
               "    target: {{ env \"TEST_NUMBER\" }}\n"
               "    require_auth_cookie: {{ env \"TEST_NO\" \"false\" }}\n"
               "ecs: {enable_execute_command: {{ env \"TEST_TRUE\" }}}\n"
               "host: {webapi: m.{{ env \"TEST_NONE\" \"example.net\" }}}\n");
    assert_int_equal(c->network.trusted_proxies.len, 2);
    assert_int_equal(c->listen.http[0].target, 8081);
    assert_string_equal(c->host.webapi, "m.example.net");
    assert_string_equal(buf_text(&warnings), "");
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_value_survives_quotes),
        TEST(any_byte_survives_quotes),
        TEST(bare_values_survive_or_are_warned_about),
        TEST(bare_values_below_auth_are_an_error),
        TEST(lists_and_numbers_come_from_variables),
    };

    return cmocka_run_group_tests_name("config_variables", tests, make_folder, remove_folder);
}
