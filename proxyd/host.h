/* Whom a request is for: what the Host field's name says. Pure. */
#ifndef MIRAGE_PROXYD_HOST_H
#define MIRAGE_PROXYD_HOST_H

#include <stddef.h>

#include "config/config.h"

#define HOST_SIZE          256 /* of a name and its NUL */
#define HOST_SUBDOMAIN_MAX 64  /* of a subdomain and its NUL */

enum host {
    HOST_WEBAPI,      /* host.webapi: the API and the pages */
    HOST_ENVIRONMENT, /* a name that ends with host.reverse_proxy_suffix: its first label */
    HOST_TOO_LONG,    /* such a name whose first label is longer than any subdomain */
    HOST_OTHER,       /* another name, or none: a load balancer that looks after our health */
};

/* Reads the name name[0..len), without a port, at most 255 bytes. host gets it in lower case and
 * without the root's dot; *label: the length of its first label, which is the subdomain. */
enum host host_of(const struct config *config, const char *name, size_t len, char host[HOST_SIZE],
                  size_t *label) __attribute__((warn_unused_result));

#endif
