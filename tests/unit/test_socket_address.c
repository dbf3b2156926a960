/* ADDRESS:PORT of the configuration, read and compared. */
#include "socket_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reads(void **state)
{
    struct socket_address a;
    char text[INET6_ADDRSTRLEN];

    (void)state;
    memset(&a, 0x55, sizeof a);
    assert_true(socket_address_parse(&a, "192.0.2.1:8090"));
    assert_int_equal(a.len, sizeof a.address.v4);
    assert_int_equal(socket_address_port(&a), 8090);
    assert_string_equal(inet_ntop(AF_INET, &a.address.v4.sin_addr, text, sizeof text), "192.0.2.1");
    assert_true(socket_address_parse(&a, "[2001:db8::1]:65535"));
    assert_int_equal(a.len, sizeof a.address.v6);
    assert_int_equal(socket_address_port(&a), 65535);
    assert_string_equal(inet_ntop(AF_INET6, &a.address.v6.sin6_addr, text, sizeof text),
                        "2001:db8::1");
    assert_true(socket_address_parse(&a, "[::]:1"));
}

static void refuses(void **state)
{
    static const char *const bad[] = {"",
                                      ":",
                                      ":80",
                                      "80",
                                      "0.0.0.0",
                                      "0.0.0.0:",
                                      "0.0.0.0:0",
                                      "0.0.0.0:65536",
                                      "0.0.0.0:-1",
                                      "0.0.0.0:+1",
                                      "0.0.0.0: 80",
                                      "0.0.0.0:80 ",
                                      "0.0.0.0:80x",
                                      "0.0.0.0:99999999999999999999",
                                      "localhost:80",
                                      "::1:80",
                                      "[",
                                      "[:80",
                                      "[]:80",
                                      "[::1:80",
                                      "[::1]80",
                                      "[0.0.0.0]:80",
                                      "*:80",
                                      "a-name-that-is-longer-than-any-address-could-be:80"};
    struct socket_address a;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (socket_address_parse(&a, bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

static void collides(void **state)
{
    static const struct {
        const char *one, *other;
        bool collide;
    } pairs[] = {
        {"127.0.0.1:80", "127.0.0.1:80", true},  {"127.0.0.1:80", "127.0.0.1:81", false},
        {"127.0.0.1:80", "127.0.0.2:80", false}, {"127.0.0.1:80", "0.0.0.0:80", true},
        {"0.0.0.0:80", "0.0.0.0:81", false},     {"[::1]:80", "[::1]:80", true},
        {"[::1]:80", "[::2]:80", false},         {"[::]:80", "[::2]:80", true},
        {"[::1]:80", "127.0.0.1:80", false},     {"[::]:80", "127.0.0.1:80", true},
    };
    struct socket_address a, b;

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        memset(&a, 0xaa, sizeof a); /* what was there before does not count */
        memset(&b, 0x11, sizeof b);
        assert_true(socket_address_parse(&a, pairs[i].one));
        assert_true(socket_address_parse(&b, pairs[i].other));
        assert_int_equal(socket_address_collides(&a, &b), pairs[i].collide);
        assert_int_equal(socket_address_collides(&b, &a), pairs[i].collide);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(collides),
    };
    return cmocka_run_group_tests_name("socket_address", tests, NULL, NULL);
}
