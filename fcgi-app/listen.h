/* The socket that web servers connect to. */
#ifndef MIRAGE_LISTEN_H
#define MIRAGE_LISTEN_H

#include "err.h"

/* Listens on a Unix socket at path, mode 0600. A socket that nobody answers on any more is
 * replaced, anything else is left alone and refused. Returns the descriptor, or -1. */
int listen_open(const char *path, struct err *e) __attribute__((warn_unused_result));

/* Descriptor 0, as a web server hands it to the FastCGI programs it starts; refused when it is no
 * listening socket. Returns the descriptor, or -1. */
int listen_inherited(struct err *e) __attribute__((warn_unused_result));

#endif
