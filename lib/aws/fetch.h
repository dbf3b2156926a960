/* One plain HTTP request, for what is not a signed AWS call: metadata, credentials, STS. */
#ifndef MIRAGE_AWS_FETCH_H
#define MIRAGE_AWS_FETCH_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"

#define FETCH_LIMIT ((size_t)1024 * 1024)

struct fetch {
    const char *method; /* "GET", "PUT" or "POST" */
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; NULL: none */
    const char *body;           /* NULL: none */
    long timeout_ms;            /* for all of it */
    size_t limit;               /* bytes of an answer; 0: FETCH_LIMIT */
    bool direct;                /* never by way of a proxy: the address is this host's own */
};

/* Fills *status and the answer's body. -1 when there was no whole answer; any status is one. */
int fetch(const struct fetch *f, int *status, struct buf *answer, struct err *e)
    __attribute__((warn_unused_result));

/* The same, where only a 200 is an answer. */
int fetch_ok(const struct fetch *f, struct buf *answer, struct err *e)
    __attribute__((warn_unused_result));

/* libcurl's own preparation; once a process, whoever asks first. */
void fetch_prepare(void);

#endif
