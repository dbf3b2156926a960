/* The compact form of a JSON Web Signature (RFC 7515, 7.1), read strictly: three parts of base64url
 * and nothing else, in the only encoding that each has. What passes goes to libjwt, whose decoder
 * puts up with more. Pure. */
#ifndef MIRAGE_JWS_H
#define MIRAGE_JWS_H

#include <stdbool.h>
#include <stddef.h>

#define JWS_MAX 16384 /* bytes of a token that is looked at; an ALB allows 11 KiB of claims */

enum jws_padding {
    JWS_UNPADDED,   /* as the RFC has it */
    JWS_MAY_PADDED, /* `=` too, in full or not at all: a load balancer pads */
};

struct jws_part {
    const char *at;
    size_t len; /* without padding */
};

struct jws {
    struct jws_part header, payload, signature;
};

/* The parts of text[0..len). False when it is no such token. */
bool jws_split(struct jws *j, const char *text, size_t len, enum jws_padding padding)
    __attribute__((warn_unused_result));

/* Decodes a part that jws_split() gave into out[0..size). Its length; 0 when it does not fit. */
size_t jws_decode(const struct jws_part *part, char *out, size_t size)
    __attribute__((warn_unused_result));

#endif
