/* Passing on the two messages of an exchange. What cannot be passed on at once waits, and nothing
 * more is read from the side that it came from. */
#ifndef MIRAGE_PROXYD_RELAY_H
#define MIRAGE_PROXYD_RELAY_H

#include <stdbool.h>

struct conn;

/* Sends the request's head, which was just parsed into worker->request, and in one call with it
 * what is there of the body. The answer is waited for from now on. */
void relay_begin(struct conn *c);

/* Passes on what there is of the request's body. false when that ended the exchange. */
bool relay_request(struct conn *c) __attribute__((warn_unused_result));

/* Passes on what there is of the answer. */
void relay_answer(struct conn *c);

#endif
