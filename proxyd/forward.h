/* The head of a message as it is forwarded: the field lines that may pass, as they lie in the
 * buffer, and the lines that this proxy writes itself. */
#ifndef MIRAGE_PROXYD_FORWARD_H
#define MIRAGE_PROXYD_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "http.h"

#define FORWARD_PIECES 560 /* every second line kept, every X-Forwarded-For value, and our own */
#define FORWARD_TEXT   512

struct forward {
    struct iovec iov[FORWARD_PIECES];
    int n;
    char text[FORWARD_TEXT]; /* what was composed; pieces point into it */
    size_t text_len;
};

/* Composes the request as the task gets it, from the head at `buf`. peer: the client's address
 * as text. */
void forward_request(struct forward *f, const char *buf, const struct http_request *r,
                     const char *peer);

/* Composes instead of the request one for mirage-api's page on which a visitor waits: of what the
 * client sent there is nothing but the method, what it accepts, and `cookie`, a token in `buf`
 * (len 0: none). It has no body. wakes: whether the visit wakes what sleeps. */
void forward_waiting(struct forward *f, const char *buf, const struct http_request *r,
                     const char *host, struct http_slice cookie, bool wakes);

/* How a response's body reaches the client. */
struct forward_plan {
    bool out_chunked;
    bool keep_alive; /* the client's connection is usable after it */
};

/* Decides it. keep_alive: the request asked for it, and we are still willing. */
struct forward_plan forward_plan(const struct http_response *r, int client_minor, bool keep_alive)
    __attribute__((warn_unused_result));

/* Composes the response as the client gets it, or an interim response (1xx), which does not look
 * at the plan. */
void forward_response(struct forward *f, const char *buf, const struct http_response *r,
                      int client_minor, const struct forward_plan *plan);

#endif
