/* Passing on the two messages of an exchange. What cannot be passed on at once waits, and nothing
 * more is read from the side that it came from. */
#ifndef MIRAGE_PROXYD_RELAY_H
#define MIRAGE_PROXYD_RELAY_H

struct conn;
struct http_request;

/* What passing on came to. */
enum relay {
    RELAY_MOVED,     /* something went on, and there may be more: within relay_*.c only */
    RELAY_WAITS,     /* nothing more can be done before the next event */
    RELAY_ENDED,     /* the exchange is over, or has become a tunnel */
    RELAY_NO_ANSWER, /* the task's connection ended or broke before a byte of an answer */
};

/* Sends the request's head, of which r was just parsed, and in one call with it what is there of
 * the body. The answer is waited for from now on. */
void relay_begin(struct conn *c, const struct http_request *r);

/* Passes on what there is of the request's body: RELAY_WAITS or RELAY_ENDED. */
enum relay relay_request(struct conn *c) __attribute__((warn_unused_result));

/* Passes on what there is of the answer: any but RELAY_MOVED. With RELAY_NO_ANSWER the connection
 * to the task is still there, and the client has got nothing. */
enum relay relay_answer(struct conn *c) __attribute__((warn_unused_result));

#endif
