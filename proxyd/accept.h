/* Taking new connections. */
#ifndef MIRAGE_PROXYD_ACCEPT_H
#define MIRAGE_PROXYD_ACCEPT_H

#include <stdbool.h>

struct listener;
struct worker;

/* Puts the listeners into the worker's epoll, or takes them out. */
void accept_watch(struct worker *w, bool watch);

/* Takes one connection. false when there is none to take. */
bool accept_one(struct worker *w, const struct listener *l);

/* Takes what there is, up to a bound, so that all workers get some. */
void accept_some(struct worker *w, const struct listener *l);

/* Without descriptors the listeners would wake us for ever: they rest for a moment
 * (worker->muted). This ends it when it is time. */
void accept_unmute_when_due(struct worker *w);

#endif
