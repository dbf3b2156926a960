/* The compact form of a JSON Web Signature (RFC 7515, 7.1), read strictly: exactly three parts in
 * base64url, each in its only valid encoding. What passes goes to libjwt, whose decoder is more
 * lenient. Pure. */
#ifndef MIRAGE_JWS_H
#define MIRAGE_JWS_H

#include <stdbool.h>
#include <stddef.h>

#define JWS_MAX 16384 /* bytes; a longer token is refused. An ALB allows 11 KiB of claims */

enum jws_padding {
    JWS_UNPADDED,   /* as in the RFC */
    JWS_MAY_PADDED, /* also with all of its `=`: a load balancer pads */
};

struct jws_part {
    const char *at;
    size_t len; /* without padding */
};

struct jws {
    struct jws_part header, payload, signature;
};

/* Finds the parts of text[0..len). False when the text is no such token. */
bool jws_split(struct jws *j, const char *text, size_t len, enum jws_padding padding)
    __attribute__((warn_unused_result));

/* Decodes a part from jws_split() into out[0..size). Its length; 0 when it does not fit. */
size_t jws_decode(const struct jws_part *part, char *out, size_t size)
    __attribute__((warn_unused_result));

#endif
