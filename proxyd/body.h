/* A message body on its way through: read by the framing that the message came with, written with
 * framing of our own (RFC 9112, 6 and 7). */
#ifndef MIRAGE_PROXYD_BODY_H
#define MIRAGE_PROXYD_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "outbuf.h"

struct body {
    enum http_body in; /* how it comes */
    bool out_chunked;  /* how it goes: chunked, or as its bare bytes */
    bool done;         /* the last byte of it was passed on */
    uint64_t left;     /* HTTP_BODY_LENGTH */
    struct http_chunked chunked;
    size_t scanned;           /* of the trailer section */
    const char *stays_behind; /* the name of a trailer that does not go further, or NULL */
};

/* A body that is about to come. */
void body_begin(struct body *b, enum http_body in, uint64_t length, bool out_chunked);

enum body_result {
    BODY_OK,
    BODY_MALFORMED, /* what came is no such body */
    BODY_FAILED,    /* the other side cannot be written to; errno */
};

/* Passes on what buf[0..len) holds of the body. *used: how many bytes belong to it. What is left
 * belongs to the next message; or, while b->done is false, it is the beginning of a trailer
 * section: the caller gives it again, with more behind it. */
enum body_result body_pass(struct body *b, const char *buf, size_t len, size_t *used,
                           struct outbuf *out, int fd) __attribute__((warn_unused_result));

/* Whether the rest of the body may go through a pipe: it is long, and its bytes are the same on
 * both sides. */
static inline bool body_is_long(const struct body *b)
{
    return b->in == HTTP_BODY_LENGTH && !b->out_chunked && b->left >= PIPE_WORTH;
}

/* Accounts for bytes that went through a pipe, b->left at most. */
static inline void body_skip(struct body *b, size_t n)
{
    b->left -= n;
    b->done = b->left == 0;
}

/* The sender has ended the connection. BODY_OK when that is how this body ends. */
enum body_result body_end(struct body *b, struct outbuf *out, int fd)
    __attribute__((warn_unused_result));

#endif
