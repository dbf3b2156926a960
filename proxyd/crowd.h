/* Who is ended when there are too many: connections, connections of one address, heads that are
 * not whole. */
#ifndef MIRAGE_PROXYD_CROWD_H
#define MIRAGE_PROXYD_CROWD_H

#include <stdbool.h>

struct conn;
struct worker;

/* What one address may have, by the worker's conns_max. */
void crowd_set_bounds(struct worker *w);

/* Ends a connection that nobody needs now, if there is one: the one that has been idle longest,
 * else the one whose request has been awaited longest, else the one whose client has taken or sent
 * nothing longest although it is its turn. One that has only just come is left alone: its request
 * has perhaps not been read yet. */
bool crowd_make_room(struct worker *w) __attribute__((warn_unused_result));

/* c is new. If its address has more than its share of connections whose request is awaited, it
 * loses those that have waited longest. */
void crowd_bound_strangers(struct conn *c);

/* c has a head that is not whole. Ends those that have waited longest while such heads take too
 * much memory (HEAD_BYTES_MAX). */
void crowd_bound_heads(struct conn *c);

#endif
