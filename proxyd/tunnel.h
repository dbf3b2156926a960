/* A connection that has left HTTP: bytes go both ways as they come, and each side's end is passed
 * on. */
#ifndef MIRAGE_PROXYD_TUNNEL_H
#define MIRAGE_PROXYD_TUNNEL_H

#include <stddef.h>

struct conn;

/* Begins with what lay behind the two heads: the client's in c->in, the task's at `bytes`. */
void tunnel_begin(struct conn *c, const char *bytes, size_t len);

void tunnel_run(struct conn *c);

#endif
