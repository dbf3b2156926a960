#include "task_address.h"

#include <arpa/inet.h>
#include <string.h>

bool task_address_is_allowed_v4(const unsigned char a[4])
{
    return a[0] != 0 && a[0] < 224 && !(a[0] == 169 && a[1] == 254);
}

bool task_address_is_allowed_v6(const unsigned char a[16])
{
    static const unsigned char loopback[16] = {[15] = 1}, metadata[4] = {0xfd, 0x00, 0x0e, 0xc2};

    if (a[0] >> 5 == 1) /* 2000::/3 */
        return true;
    return !memcmp(a, loopback, sizeof loopback) ||
           ((a[0] & 0xfe) == 0xfc && memcmp(a, metadata, sizeof metadata) != 0);
}

bool task_address_is_allowed(const char *text)
{
    unsigned char a[16];

    if (inet_pton(AF_INET, text, a) == 1)
        return task_address_is_allowed_v4(a);
    return inet_pton(AF_INET6, text, a) == 1 && task_address_is_allowed_v6(a);
}
