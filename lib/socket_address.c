#include "socket_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool socket_address_parse(struct socket_address *a, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool v6 = *text == '[';
    char address[64], *end;
    size_t len;
    long port;

    memset(a, 0, sizeof *a);
    if (!colon || !isdigit((unsigned char)colon[1]) || (v6 && colon[-1] != ']'))
        return false;
    len = (size_t)(colon - text) - (v6 ? 2 : 0);
    if (len >= sizeof address)
        return false;
    memcpy(address, text + v6, len);
    address[len] = '\0';
    port = strtol(colon + 1, &end, 10);
    if (*end || port < 1 || port > 65535)
        return false;
    if (v6) {
        a->address.v6.sin6_family = AF_INET6;
        a->address.v6.sin6_port = htons((uint16_t)port);
        a->len = sizeof a->address.v6;
        return inet_pton(AF_INET6, address, &a->address.v6.sin6_addr) == 1;
    }
    a->address.v4.sin_family = AF_INET;
    a->address.v4.sin_port = htons((uint16_t)port);
    a->len = sizeof a->address.v4;
    return inet_pton(AF_INET, address, &a->address.v4.sin_addr) == 1;
}

int socket_address_port(const struct socket_address *a)
{
    return ntohs(a->address.any.sa_family == AF_INET6 ? a->address.v6.sin6_port
                                                      : a->address.v4.sin_port);
}

static bool is_any(const struct socket_address *a)
{
    return a->address.any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&a->address.v6.sin6_addr)
                                                : a->address.v4.sin_addr.s_addr == INADDR_ANY;
}

bool socket_address_collides(const struct socket_address *a, const struct socket_address *b)
{
    if (socket_address_port(a) != socket_address_port(b))
        return false;
    return is_any(a) || is_any(b) ||
           (a->len == b->len && !memcmp(&a->address, &b->address, a->len));
}
