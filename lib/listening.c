#include "listening.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define STATE_LISTEN 0x0a

static void set(unsigned char *bits, unsigned port)
{
    if (port <= 65535)
        bits[port / 8] |= (unsigned char)(1u << port % 8);
}

/* The address is printed as words of the machine's own byte order. */
static bool is_address(const char *text, const void *address, size_t words)
{
    char expected[4 * 8 + 1] = "";

    for (size_t i = 0; i < words; i++) {
        uint32_t word;
        memcpy(&word, (const char *)address + 4 * i, sizeof word);
        snprintf(expected + 8 * i, sizeof expected - 8 * i, "%08" PRIX32, word);
    }
    return !strcmp(text, expected);
}

/* A bit a port that is listened on now. */
struct ports {
    unsigned char v4[8192], v6[8192];
};

static void take(struct ports *l, const char *address, unsigned port)
{
    const struct in_addr any = {htonl(INADDR_ANY)}, loopback = {htonl(INADDR_LOOPBACK)};

    if (is_address(address, &any, 1) || is_address(address, &loopback, 1))
        set(l->v4, port);
    if (is_address(address, &in6addr_loopback, 4))
        set(l->v6, port);
    if (is_address(address, &in6addr_any, 4)) {
        set(l->v4, port);
        set(l->v6, port);
    }
}

static void read_table(struct ports *l, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[512], address[33];
    unsigned port, state;

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", address, &port, &state) == 3 &&
            state == STATE_LISTEN)
            take(l, address, port);
    if (file)
        fclose(file);
}

void listening_update(struct listening *l)
{
    struct ports now = {0};

    read_table(&now, "/proc/self/net/tcp");
    read_table(&now, "/proc/self/net/tcp6");
    for (size_t i = 0; i < sizeof l->v6_only; i++)
        l->v6_only[i] = (unsigned char)((l->v6_only[i] | now.v6[i]) & ~now.v4[i]);
}

bool listening_v6_only(const struct listening *l, int port)
{
    return port >= 0 && port <= 65535 && l->v6_only[port / 8] >> port % 8 & 1;
}
