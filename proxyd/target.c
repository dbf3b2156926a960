#include "target.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#include "socket_address.h"
#include "task_address.h"

#define VANISHED_MS        120000
#define KEEPALIVE_IDLE_S   60
#define KEEPALIVE_COUNT    4
#define KEEPALIVE_INTVAL_S 15

bool target_set_ip(struct target *t, const char *address, int port)
{
    memset(t, 0, sizeof *t);
    if (inet_pton(AF_INET, address, &t->address.v4.sin_addr) == 1) {
        t->address.v4.sin_family = AF_INET;
        t->address.v4.sin_port = htons((uint16_t)port);
        t->len = sizeof t->address.v4;
        return true;
    }
    if (inet_pton(AF_INET6, address, &t->address.v6.sin6_addr) == 1) {
        t->address.v6.sin6_family = AF_INET6;
        t->address.v6.sin6_port = htons((uint16_t)port);
        t->len = sizeof t->address.v6;
        return true;
    }
    return false;
}

bool target_parse(struct target *t, const char *text)
{
    struct socket_address at;

    memset(t, 0, sizeof *t);
    if (!strncmp(text, "unix:", 5)) {
        size_t len = strlen(text + 5);
        if (len == 0 || len >= sizeof t->address.local.sun_path)
            return false;
        t->address.local.sun_family = AF_UNIX;
        memcpy(t->address.local.sun_path, text + 5, len);
        t->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
        return true;
    }
    if (!socket_address_parse(&at, text))
        return false;
    t->len = at.len;
    memcpy(&t->address, &at.address, at.len);
    return true;
}

bool target_may_be_task(const struct target *t)
{
    if (t->address.any.sa_family == AF_INET)
        return task_address_is_allowed_v4((const unsigned char *)&t->address.v4.sin_addr);
    return t->address.any.sa_family == AF_INET6 &&
           task_address_is_allowed_v6(t->address.v6.sin6_addr.s6_addr);
}

/* Unused bytes are zero, so that comparing them all compares the addresses. */
bool target_equal(const struct target *a, const struct target *b)
{
    return a->len == b->len && !memcmp(&a->address, &b->address, a->len);
}

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

void target_set_options(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, VANISHED_MS);
}
