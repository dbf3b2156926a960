#include "own_ports.h"

#include <ifaddrs.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 64

struct own_ports {
    const struct config *config;
    struct target addresses[ADDRESSES_MAX]; /* port 0 */
    size_t n_addresses;
    bool loopback; /* all of 127.0.0.0/8 */
};

static void add(struct own_ports *o, const struct sockaddr *address)
{
    struct target *t = &o->addresses[o->n_addresses];

    if (!address || o->n_addresses == ADDRESSES_MAX)
        return;
    if (address->sa_family == AF_INET) {
        t->address.v4 = *(const struct sockaddr_in *)(const void *)address;
        t->len = sizeof t->address.v4;
    } else if (address->sa_family == AF_INET6) {
        t->address.v6 = *(const struct sockaddr_in6 *)(const void *)address;
        t->address.v6.sin6_scope_id = 0;
        t->len = sizeof t->address.v6;
    } else
        return;
    o->n_addresses++;
}

struct own_ports *own_ports_find(const struct config *config)
{
    const char *listen = config->listen.foreign_address;
    struct own_ports *o = calloc(1, sizeof *o);
    struct ifaddrs *all;

    if (!o)
        return NULL;
    o->config = config;
    o->loopback = !strcmp(listen, "0.0.0.0") || !strcmp(listen, "::");
    if (!o->loopback)
        o->n_addresses += target_set_ip(&o->addresses[0], listen, 0);
    else if (getifaddrs(&all) == 0) {
        for (struct ifaddrs *i = all; i; i = i->ifa_next)
            add(o, i->ifa_addr);
        freeifaddrs(all);
    }
    return o;
}

void own_ports_free(struct own_ports *o)
{
    free(o);
}

static in_port_t port_of(const struct target *t)
{
    return ntohs(t->address.any.sa_family == AF_INET ? t->address.v4.sin_port
                                                     : t->address.v6.sin6_port);
}

static bool same_address(const struct target *a, const struct target *b)
{
    if (a->address.any.sa_family != b->address.any.sa_family)
        return false;
    return a->address.any.sa_family == AF_INET
               ? a->address.v4.sin_addr.s_addr == b->address.v4.sin_addr.s_addr
               : IN6_ARE_ADDR_EQUAL(&a->address.v6.sin6_addr, &b->address.v6.sin6_addr);
}

bool own_ports_have(const struct own_ports *o, const struct target *t)
{
    bool listens = false;

    for (size_t i = 0; o && i < o->config->listen.n_http; i++)
        listens = listens || o->config->listen.http[i].listen == port_of(t);
    if (!listens)
        return false;
    if (o->loopback && t->address.any.sa_family == AF_INET &&
        ntohl(t->address.v4.sin_addr.s_addr) >> 24 == 127)
        return true;
    for (size_t i = 0; i < o->n_addresses; i++)
        if (same_address(t, &o->addresses[i]))
            return true;
    return false;
}
