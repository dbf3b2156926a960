/* Addresses of upstream connections, read and compared. */
#include "proxyd/target.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void v4(void **state)
{
    struct target t;
    char text[INET_ADDRSTRLEN];

    (void)state;
    memset(&t, 0x55, sizeof t);
    assert_true(target_set_ip(&t, "10.206.242.48", 8080));
    assert_int_equal(t.len, sizeof(struct sockaddr_in));
    assert_int_equal(t.address.any.sa_family, AF_INET);
    assert_int_equal(ntohs(t.address.v4.sin_port), 8080);
    assert_string_equal(inet_ntop(AF_INET, &t.address.v4.sin_addr, text, sizeof text),
                        "10.206.242.48");
}

static void v6(void **state)
{
    struct target t;
    char text[INET6_ADDRSTRLEN];

    (void)state;
    memset(&t, 0x55, sizeof t);
    assert_true(target_set_ip(&t, "fd00::1", 65535));
    assert_int_equal(t.len, sizeof(struct sockaddr_in6));
    assert_int_equal(t.address.any.sa_family, AF_INET6);
    assert_int_equal(ntohs(t.address.v6.sin6_port), 65535);
    assert_int_equal(t.address.v6.sin6_scope_id, 0);
    assert_string_equal(inet_ntop(AF_INET6, &t.address.v6.sin6_addr, text, sizeof text), "fd00::1");
}

static void what_is_no_address(void **state)
{
    static const char *const bad[] = {"",           "localhost",   "10.0.0",    "10.0.0.256",
                                      "10.0.0.1 ",  "10.0.0.1:80", "[fd00::1]", "fd00::1::2",
                                      "0x0a.0.0.1", "unix:/x"};
    struct target t;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (target_set_ip(&t, bad[i], 80))
            fail_msg("accepted: %s", bad[i]);
}

static void parses(void **state)
{
    struct target t, same;

    (void)state;
    assert_true(target_parse(&t, "127.0.0.1:9000"));
    assert_true(target_set_ip(&same, "127.0.0.1", 9000));
    assert_true(target_equal(&t, &same));
    assert_true(target_parse(&t, "[::1]:9000"));
    assert_true(target_set_ip(&same, "::1", 9000));
    assert_true(target_equal(&t, &same));
    assert_true(target_parse(&t, "127.0.0.1:1"));
    assert_true(target_parse(&t, "127.0.0.1:65535"));
    assert_true(target_parse(&t, "unix:/run/x.sock"));
    assert_int_equal(t.address.any.sa_family, AF_UNIX);
    assert_string_equal(t.address.local.sun_path, "/run/x.sock");
    assert_int_equal(t.len, offsetof(struct sockaddr_un, sun_path) + sizeof "/run/x.sock");
    assert_true(target_parse(&t, "unix:relative:1"));
    assert_string_equal(t.address.local.sun_path, "relative:1");
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "",
        ":",
        ":80",
        "80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:99999999999999999999",
        "127.0.0.1:80x",
        "127.0.0.1:80 ",
        "localhost:80",
        "::1:80", /* which colon parts them? */
        "[::1]",
        "[::1:80",
        "[127.0.0.1]:80",
        "unix:",
        "UNIX:/x",
        "a-name-that-is-longer-than-any-address-could-ever-be-in-this-world-or-next:80"};
    struct target t;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (target_parse(&t, bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

static void path_may_fill_its_room(void **state)
{
    char text[5 + sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
    const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
    struct target t;

    (void)state;
    memcpy(text, "unix:", 5);
    memset(text + 5, 'p', room);
    text[5 + room - 1] = '\0';
    assert_true(target_parse(&t, text));
    assert_int_equal(strlen(t.address.local.sun_path), room - 1);
    assert_true(t.len <= sizeof t.address);
    text[5 + room - 1] = 'p';
    text[5 + room] = '\0';
    assert_false(target_parse(&t, text));
}

static void equal(void **state)
{
    static const char *const different[] = {
        "127.0.0.1:80", "127.0.0.1:81", "127.0.0.2:80", "[::1]:80", "[::1]:81",
        "[::2]:80",     "unix:/a",      "unix:/b",      "unix:/ab", "unix:127.0.0.1:80"};
    struct target a, b;

    (void)state;
    for (size_t i = 0; i < COUNT(different); i++)
        for (size_t k = 0; k < COUNT(different); k++) {
            memset(&a, 0xaa, sizeof a); /* what was there before does not count */
            memset(&b, 0x11, sizeof b);
            assert_true(target_parse(&a, different[i]));
            assert_true(target_parse(&b, different[k]));
            assert_int_equal(target_equal(&a, &b), i == k);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4),      cmocka_unit_test(v6),
        cmocka_unit_test(parses),  cmocka_unit_test(what_is_no_address),
        cmocka_unit_test(refuses), cmocka_unit_test(path_may_fill_its_room),
        cmocka_unit_test(equal),
    };
    return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
