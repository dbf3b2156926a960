/* Networks in CIDR notation (RFC 4632, RFC 4291), and whether an address lies in one. Pure. IPv4 is
 * kept as IPv4-mapped IPv6, so that a dual-stack socket's view of it is the same. */
#ifndef MIRAGE_NETWORK_H
#define MIRAGE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct network {
    unsigned char address[16];
    unsigned bits; /* of the prefix, of 128 */
};

/* `10.0.0.0/8`, `fc00::/7`, or one address. Bits behind the prefix must be zero. */
bool network_parse(struct network *n, const char *text) __attribute__((warn_unused_result));

/* Whether the address that `text` is lies in one of them. False when it is no address. */
bool network_list_has(const struct network *list, size_t n, const char *text)
    __attribute__((warn_unused_result));

/* Whether a task may be at this address: a global, private or loopback one. Not link-local (RFC
 * 3927; RFC 4291, 2.5.6) nor fd00:ec2::/32, where EC2 serves a host's credentials; not multicast,
 * broadcast, unspecified, or IPv4 written as IPv6. */
bool network_task_may_be_at(const char *text) __attribute__((warn_unused_result));

/* The same for what the text stands for: an IPv4 address of 4 bytes, or an IPv6 one of 16. */
bool network_task_may_be_at_v4(const unsigned char a[4]) __attribute__((warn_unused_result));
bool network_task_may_be_at_v6(const unsigned char a[16]) __attribute__((warn_unused_result));

#endif
