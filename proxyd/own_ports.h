/* The addresses and ports on which this proxy itself listens. A route to one of them would send
 * requests in a circle. */
#ifndef MIRAGE_PROXYD_OWN_PORTS_H
#define MIRAGE_PROXYD_OWN_PORTS_H

#include <stdbool.h>

#include "config/config.h"

#include "target.h"

struct own_ports;

/* Looks up this machine's addresses, when the configuration listens on all. NULL without memory.
 * own_ports_free() frees. */
struct own_ports *own_ports_find(const struct config *config) __attribute__((warn_unused_result));
void own_ports_free(struct own_ports *o); /* NULL is fine */

/* Whether a task there would be the proxy. NULL: nothing is. */
bool own_ports_have(const struct own_ports *o, const struct target *t)
    __attribute__((warn_unused_result));

#endif
