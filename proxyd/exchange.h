/* An exchange, one request and its answer: finds the task, sends the request, relays both
 * bodies, and tries again or answers when something breaks. */
#ifndef MIRAGE_PROXYD_EXCHANGE_H
#define MIRAGE_PROXYD_EXCHANGE_H

struct conn;

/* The head in c->in[head_at, head_len) is whole: answers it or begins to send it. */
void exchange_begin(struct conn *c);

/* Moves whatever can be moved (CONN_CONNECT, CONN_ANSWER, CONN_BODY). */
void exchange_run(struct conn *c);

/* The connection attempt, or the wait for an answer, took too long. */
void exchange_connect_timeout(struct conn *c);
void exchange_answer_timeout(struct conn *c);

/* Goes on with a request that waits for its environment (CONN_HELD), if the routes have that by
 * now.
 */
void exchange_resume(struct conn *c);

/* Goes on with a request that waits for another's page (CONN_JOINED), if that is there by now, or
 * will not come. */
void exchange_resume_joined(struct conn *c);

#endif
