/* The socket that web servers connect to. */
#ifndef MIRAGE_LISTEN_H
#define MIRAGE_LISTEN_H

#include "err.h"

/* Listens on a Unix socket at path, mode 0600. Replaces a socket on which nobody listens any more;
 * refuses anything else that is there, and leaves it alone. Returns the descriptor, or -1. */
int listen_open(const char *path, struct err *e) __attribute__((warn_unused_result));

/* Uses descriptor 0, which a web server gives to the FastCGI programs that it starts. Refuses it
 * when it is not a listening socket. Returns the descriptor, or -1. */
int listen_inherited(struct err *e) __attribute__((warn_unused_result));

#endif
