/* Reading a request's head: until it is whole, too long, or takes too much memory with others. */
#ifndef MIRAGE_PROXYD_CONN_HEAD_H
#define MIRAGE_PROXYD_CONN_HEAD_H

struct conn;

/* Reads what the client sent (CONN_FRESH, CONN_IDLE, CONN_HEAD), and begins the exchange once a
 * head is whole, or refuses it. */
void conn_read_head(struct conn *c);

#endif
