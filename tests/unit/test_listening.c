/* Which ports are listened on at ::1 only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "listening.h"
#include "skip.h"

/* A socket that listens there; port 0 takes one. -1 when it cannot. */
static int listen_at(const char *address, int *port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)*port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    int is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    struct sockaddr *any = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t len = is_v6 ? sizeof v6 : sizeof v4;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
        fail_msg("%s is no address", address);
    if (fd < 0 || bind(fd, any, len) < 0 || listen(fd, 1) < 0 || getsockname(fd, any, &len) < 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    return fd;
}

static void each_address(void **state)
{
    static const struct {
        const char *address;
        bool v6_only;
    } list[] = {{"::1", true}, {"::", false}, {"127.0.0.1", false}, {"0.0.0.0", false}};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct listening l = {0};
        int port = 0, fd = listen_at(list[i].address, &port);
        if (fd < 0)
            skip_because("there is no IPv6 here");
        listening_update(&l);
        assert_int_equal(listening_v6_only(&l, port), list[i].v6_only);
        close(fd);
    }
}

static void both_and_what_comes_after(void **state)
{
    struct listening l = {0};
    int port = 0, v6 = listen_at("::1", &port), v4;

    (void)state;
    if (v6 < 0)
        skip_because("there is no IPv6 here");
    listening_update(&l);
    assert_true(listening_v6_only(&l, port));
    close(v6); /* it may be starting again */
    listening_update(&l);
    assert_true(listening_v6_only(&l, port));
    v4 = listen_at("127.0.0.1", &port);
    assert_true(v4 >= 0);
    listening_update(&l);
    assert_false(listening_v6_only(&l, port));
    v6 = listen_at("::1", &port);
    assert_true(v6 >= 0);
    listening_update(&l);
    assert_false(listening_v6_only(&l, port));
    close(v4);
    close(v6);
}

static void ports_that_are_none(void **state)
{
    const struct listening all = {.v6_only = {0xff, 0xff}};

    (void)state;
    assert_true(listening_v6_only(&all, 15));
    assert_false(listening_v6_only(&all, 16));
    assert_false(listening_v6_only(&all, -1));
    assert_false(listening_v6_only(&all, 65536));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address),
        cmocka_unit_test(both_and_what_comes_after),
        cmocka_unit_test(ports_that_are_none),
    };
    return cmocka_run_group_tests_name("listening", tests, NULL, NULL);
}
