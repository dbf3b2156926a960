/* One plain HTTP request, without an AWS signature: for metadata, credentials and STS. */
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
    bool direct;                /* never through a proxy: the address is this host's own */
};

/* Sets *status and appends the answer's body. Any status counts as an answer. -1 when there was no
 * complete answer. */
int fetch(const struct fetch *f, int *status, struct buf *answer, struct err *e)
    __attribute__((warn_unused_result));

/* The same, but any status other than 200 is an error. */
int fetch_ok(const struct fetch *f, struct buf *answer, struct err *e)
    __attribute__((warn_unused_result));

/* Initialises libcurl, once in a process, whoever calls first. */
void fetch_prepare(void);

#endif
