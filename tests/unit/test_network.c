/* Networks in CIDR form, and the addresses at which a task may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "network.h"
#include "task_address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void networks(void **state)
{
    static const struct {
        const char *network, *address;
        bool parses, has;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true, true},
        {"10.0.0.0/8", "11.0.0.0", true, false},
        {"10.0.0.0/8", "::ffff:10.1.1.1", true, true},
        {"10.0.0.0/8", "a00::", true, false},
        {"172.16.0.0/12", "172.31.0.1", true, true},
        {"172.16.0.0/12", "172.32.0.1", true, false},
        {"192.0.2.7", "192.0.2.7", true, true},
        {"192.0.2.7", "192.0.2.6", true, false},
        {"0.0.0.0/0", "8.8.8.8", true, true},
        {"0.0.0.0/0", "2001:db8::1", true, false},
        {"::/0", "2001:db8::1", true, true},
        {"::/0", "8.8.8.8", true, true},
        {"fc00::/7", "fdff::1", true, true},
        {"fc00::/7", "fe00::1", true, false},
        {"2001:db8::/33", "2001:db8:7fff::", true, true},
        {"2001:db8::/33", "2001:db8:8000::", true, false},
        {"::1", "::1", true, true},
        {"::1/128", "127.0.0.1", true, false},
        {"10.0.0.0/8", "", true, false},
        {"10.0.0.0/8", "unknown", true, false},
        {"10.0.0.1/8", "10.0.0.1", false, false},
        {"10.0.0.0/33", "10.0.0.0", false, false},
        {"10.0.0.0/", "10.0.0.0", false, false},
        {"10.0.0.0/-1", "10.0.0.0", false, false},
        {"10.0.0.0/8x", "10.0.0.0", false, false},
        {"10.0.0/8", "10.0.0.0", false, false},
        {"fc00::/129", "fc00::", false, false},
        {"", "10.0.0.0", false, false},
        {"/8", "10.0.0.0", false, false},
        {"x", "10.0.0.0", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct network n;
        bool parses = network_parse(&n, cases[i].network);
        if (parses != cases[i].parses ||
            (parses && network_list_has(&n, 1, cases[i].address) != cases[i].has))
            fail_msg("%s %s", cases[i].network, cases[i].address);
    }
}

static void addresses_of_tasks(void **state)
{
    static const struct {
        const char *address;
        bool may;
    } cases[] = {
        {"10.1.2.3", true},
        {"127.0.0.1", true},
        {"8.8.8.8", true},
        {"169.253.255.255", true},
        {"169.255.0.1", true},
        {"223.255.255.255", true},
        {"2001:db8::1", true},
        {"fd12::1", true},
        {"::1", true},
        {"169.254.169.254", false},
        {"169.254.170.2", false},
        {"169.254.0.1", false},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"240.0.0.1", false},
        {"::", false},
        {"fe80::1", false},
        {"ff02::1", false},
        {"fd00:ec2::254", false},
        {"::169.254.169.254", false},
        {"::ffff:169.254.169.254", false},
        {"::ffff:10.1.2.3", false},
        {"64:ff9b::a9fe:a9fe", false},
        {"", false},
        {"example.com", false},
        {"0x7f.1", false},
        {"127.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (task_address_is_allowed(cases[i].address) != cases[i].may)
            fail_msg("%s", cases[i].address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(addresses_of_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
