/* What becomes of a client's connection: the calls with which a worker's loop moves it on. */
#ifndef MIRAGE_PROXYD_CONN_LIFE_H
#define MIRAGE_PROXYD_CONN_LIFE_H

#include <stdint.h>

struct conn;

/* Takes an event of the client's socket (EPOLLIN and the like), and goes on. */
void conn_event(struct conn *c, uint32_t events);

/* Does what can be done now. */
void conn_run(struct conn *c);

#endif
