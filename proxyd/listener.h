/* The listening sockets: one a `listen.http` entry, and behind them that of `listen.metrics`, bound
 * by the main thread, shared by the workers. */
#ifndef MIRAGE_PROXYD_LISTENER_H
#define MIRAGE_PROXYD_LISTENER_H

#include <stddef.h>

#include "config/config.h"
#include "err.h"

#include "tag.h"

struct listener {
    enum tag tag; /* TAG_LISTENER */
    int fd;
    size_t index; /* of its entry in listen.http; their number: listen.metrics */
};

/* How many there are. */
size_t listener_count(const struct config *config) __attribute__((warn_unused_result));

/* Opens all of them into listeners[0 .. listener_count()). On failure none is open. */
int listener_open_all(struct listener *listeners, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));
void listener_close_all(struct listener *listeners, size_t n);

#endif
