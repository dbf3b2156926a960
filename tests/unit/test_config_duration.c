/* Durations in the configuration, as Go writes them. */
#include "config_fixture.h"

struct duration {
    const char *text;
    int64_t ms;
};

static void durations_are(const struct duration *list, size_t n)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++) {
        char text[128];
        struct config *c;
        snprintf(text, sizeof text, "network:\n  proxy_timeout: %s\n", list[i].text);
        if (load_bytes(&c, text, strlen(text)) != 0) {
            print_error("%s\n", e.text);
            wrong++;
            continue;
        }
        if (c->network.proxy_timeout_ms != list[i].ms) {
            print_error("%s is %lld ms\n", list[i].text, (long long)c->network.proxy_timeout_ms);
            wrong++;
        }
        config_free(c);
    }
    assert_int_equal(wrong, 0);
}

static void durations(void **state)
{
    static const struct duration list[] = {
        {"0", 0},
        {"0s", 0},
        {"0h0m0s", 0},
        {"'500ms'", 500},
        {"30s", 30000},
        {"1m30s", 90000},
        {"1h2m3s4ms", 3723004},
        {"1.5s", 1500},
        {".5s", 500},
        {"1.s", 1000},
        {"2.25h", 8100000},
        {"90m", 5400000},
        {"1s1s", 2000},
        {"1s1m", 61000},
        {"1500us", 2}, /* what is left of a millisecond is one */
        {"1000us", 1},
        {"1000\xc2\xb5s", 1}, /* U+00B5 */
        {"1ns", 1},
        {"1000000ns", 1},
        {"0.001s", 1},
        {"0.1s", 100},
        {"0.3s", 300},
        {"8760h", INT64_C(31536000000)},
        {"007s", 7000},
    };

    (void)state;
    durations_are(list, COUNT(list));
}

/* Go's time.ParseDuration takes a sign, and both of Unicode's micros. */
static void durations_that_go_takes_too(void **state)
{
    static const struct duration list[] = {
        {"+30s", 30000}, {"+0", 0}, {"-0s", 0}, {"1000\xce\xbcs", 1}}; /* U+03BC */

    (void)state;
    durations_are(list, COUNT(list));
}

static void bad_durations(void **state)
{
    static const char *const bad[] = {"30",
                                      "1",
                                      "-5s",
                                      "s",
                                      "ms",
                                      ".",
                                      ".s",
                                      "1..5s",
                                      "1.5.5s",
                                      "1 s",
                                      "1S",
                                      "1d",
                                      "1w",
                                      "30sec",
                                      "1e3s",
                                      "0x10s",
                                      "1m30",
                                      "1m 30s",
                                      "five",
                                      "1s,",
                                      "'1s '",
                                      "' 1s'",
                                      "inf",
                                      "nan",
                                      "1_0s",
                                      "infs",
                                      "''",
                                      "'-'",
                                      "'+'",
                                      "10m-5s",
                                      "99999999999999999999h",
                                      "true"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[128], start[PATH_MAX + 64];
        struct config *c;
        snprintf(text, sizeof text, "network:\n  idle_timeout: %s\n", bad[i]);
        if (load_bytes(&c, text, strlen(text)) == 0)
            fail_msg("accepted: %s", bad[i]);
        snprintf(start, sizeof start, "%s:2: network.idle_timeout: expected a duration", path);
        assert_ptr_equal(strstr(e.text, start), e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(durations),
        TEST(durations_that_go_takes_too),
        TEST(bad_durations),
    };
    return cmocka_run_group_tests_name("config_duration", tests, make_folder, remove_folder);
}
