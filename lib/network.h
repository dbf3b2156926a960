/* Networks in CIDR notation (RFC 4632, RFC 4291), and whether an address lies in one. Pure. IPv4 is
 * kept as IPv4-mapped IPv6, as a dual-stack socket shows it. */
#ifndef MIRAGE_NETWORK_H
#define MIRAGE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct network {
    unsigned char address[16];
    unsigned bits; /* length of the prefix, of 128 */
};

/* `10.0.0.0/8`, `fc00::/7`, or one address. The bits after the prefix must be zero. */
bool network_parse(struct network *n, const char *text) __attribute__((warn_unused_result));

/* Whether the address in `text` lies in one of the networks. False when the text is no address. */
bool network_list_has(const struct network *list, size_t n, const char *text)
    __attribute__((warn_unused_result));

#endif
