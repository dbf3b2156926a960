/* The addresses and ports that this proxy itself listens on: a route there would send requests
 * round in circles. */
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
