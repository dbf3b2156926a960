/* `ADDRESS:PORT`: how the configuration and options say where something listens. */
#ifndef MIRAGE_SOCKET_ADDRESS_H
#define MIRAGE_SOCKET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct socket_address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
};

/* `192.0.2.1:8090` or `[2001:db8::1]:8090`. false when the text is neither. */
bool socket_address_parse(struct socket_address *a, const char *text)
    __attribute__((warn_unused_result));

int socket_address_port(const struct socket_address *a) __attribute__((warn_unused_result));

/* Whether two sockets cannot listen on both: the ports are equal, and the addresses are equal or
 * one of them is the wildcard. */
bool socket_address_collides(const struct socket_address *a, const struct socket_address *b)
    __attribute__((warn_unused_result));

#endif
