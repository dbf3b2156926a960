/* Where a task may be. mirage-proxyd sends no request elsewhere, whatever ECS or a task says. Pure.
 */
#ifndef MIRAGE_TASK_ADDRESS_H
#define MIRAGE_TASK_ADDRESS_H

#include <stdbool.h>

/* Whether a task may be at this address: it must be global, private or loopback. It must not be
 * link-local (RFC 3927; RFC 4291, 2.5.6), in fd00:ec2::/32 (where EC2 serves a host's credentials),
 * multicast, broadcast, unspecified, or IPv4 written as IPv6. */
bool task_address_is_allowed(const char *text) __attribute__((warn_unused_result));

/* The same for an address in binary form: 4 bytes of IPv4, or 16 of IPv6. */
bool task_address_is_allowed_v4(const unsigned char a[4]) __attribute__((warn_unused_result));
bool task_address_is_allowed_v6(const unsigned char a[16]) __attribute__((warn_unused_result));

#endif
