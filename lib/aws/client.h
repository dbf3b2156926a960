/* Signed calls of AWS's APIs. The file of a service (ecs.c, route53.c, …) composes a call; this one
 * sends it. libcurl signs (Signature Version 4) and keeps connections open. Several calls run at
 * once. A call that is safe to repeat is repeated as retry.h says. A client belongs to one thread
 * at a time. */
#ifndef MIRAGE_AWS_CLIENT_H
#define MIRAGE_AWS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "limit.h"

#include "service.h"

#define AWS_CONNECT_TIMEOUT_MS 5000
#define AWS_CALL_TIMEOUT_MS    20000 /* with all its retries */
#define AWS_PAGES_TIMEOUT_MS   60000 /* with all its pages, where no request waits */
#define AWS_ANSWER_LIMIT       ((size_t)64 * 1024 * 1024)
#define AWS_CODE_SIZE          96

struct aws_client;

struct aws_call {
    enum aws_service service;
    const char *operation;    /* as the API reference names it: "RunTask" */
    const char *method;       /* NULL: POST */
    const char *path;         /* percent-encoded; NULL: "/" */
    const char *query;        /* percent-encoded, sorted by name; NULL: none */
    const char *content_type; /* NULL: the service's own */
    const char *body;         /* NULL: none */
    const char *region;       /* NULL: the client's */
    const char *bucket;       /* S3 only */
    const char *condition;    /* a conditional header field (RFC 9110, 13.1); NULL: none */
    bool repeatable;          /* making the call twice has the same effect as making it once */
    int64_t give_up_at;       /* monotonic ms; 0: after AWS_CALL_TIMEOUT_MS, which holds anyway */
    size_t answer_limit;      /* bytes; 0: AWS_ANSWER_LIMIT */

    int status;               /* of the answer; 0: there was no answer */
    struct buf answer;        /* its body; aws_call_free() frees */
    char code[AWS_CODE_SIZE]; /* the service's error code; "" when there is none */
    bool failed;
    struct err err; /* when it failed: "ECS RunTask: CODE: message" */
};

/* region: NULL to find it as the SDKs do. ERR_INVALID when none is found. aws_client_close() frees.
 */
int aws_client_open(struct aws_client **client, const char *region, struct err *e)
    __attribute__((warn_unused_result));
void aws_client_close(struct aws_client *client); /* NULL is fine */

const char *aws_client_region(const struct aws_client *client) __attribute__((warn_unused_result));

/* What holds for all calls until the next aws_client_limit(): one limit for everything that a
 * request does. NULL: none. The limit stays the caller's. */
void aws_client_limit(struct aws_client *client, const struct limit *limit);

/* Makes all calls, several at once, and returns when each has ended, or the client's limit is over.
 * Each call then says how it ended. aws_call_free() frees them. */
void aws_perform(struct aws_client *client, struct aws_call *calls, size_t n);
void aws_call_free(struct aws_call *calls, size_t n);

/* 0 when none of the calls failed, else -1 and the error of the first that failed. */
int aws_call_check(const struct aws_call *calls, size_t n, struct err *e)
    __attribute__((warn_unused_result));

/* The bounds of a call that is answered in pages: for all of its pages together. */
struct aws_pages {
    int64_t give_up_at; /* what each page's call gets */
    int left;
};

struct aws_pages aws_pages_begin(int most) __attribute__((warn_unused_result));

/* After a page with a token that leads on. -1 when the answer does not end: there were too many
 * pages, or the token is the one that was given (`before`; NULL on the first page). `what`: as in
 * messages, "ECS ListTasks". */
int aws_pages_turn(struct aws_pages *pages, const char *what, const char *before, const char *next,
                   struct err *e) __attribute__((warn_unused_result));

#endif
