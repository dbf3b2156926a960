#include "network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS 96 /* of ::ffff:0:0/96 */

static bool read_address(unsigned char address[16], const char *text, bool *is_v4)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    *is_v4 = inet_pton(AF_INET, text, address + 12) == 1;
    if (*is_v4)
        memcpy(address, mapped, sizeof mapped);
    return *is_v4 || inet_pton(AF_INET6, text, address) == 1;
}

static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return !memcmp(a, b, whole) &&
           (rest == 0 || ((a[whole] ^ b[whole]) & (0xff00u >> rest & 0xffu)) == 0);
}

bool network_parse(struct network *n, const char *text)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    struct network rest = {{0}, 0};
    char address[64], *end;
    bool is_v4;
    long bits;

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!read_address(n->address, address, &is_v4))
        return false;
    bits = is_v4 ? 32 : 128;
    if (slash) {
        long most = bits;
        if (slash[1] < '0' || slash[1] > '9')
            return false;
        bits = strtol(slash + 1, &end, 10);
        if (*end || bits > most)
            return false;
    }
    n->bits = (unsigned)bits + (is_v4 ? MAPPED_BITS : 0);
    memcpy(rest.address, n->address, sizeof rest.address);
    for (unsigned bit = n->bits; bit < 128; bit++)
        rest.address[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
    return !memcmp(rest.address, n->address, sizeof rest.address);
}

bool network_list_has(const struct network *list, size_t n, const char *text)
{
    unsigned char address[16];
    bool is_v4;

    if (!read_address(address, text, &is_v4))
        return false;
    for (size_t i = 0; i < n; i++)
        if (same_prefix(list[i].address, address, list[i].bits))
            return true;
    return false;
}
