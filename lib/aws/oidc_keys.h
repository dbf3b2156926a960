/* The public keys that load balancers sign with, by their id. Each is fetched once and kept. The
 * number of requests for keys is bounded, because anybody can make up an id. Threads share one
 * struct. */
#ifndef MIRAGE_AWS_OIDC_KEYS_H
#define MIRAGE_AWS_OIDC_KEYS_H

#include "err.h"

struct oidc_keys;

/* url: the id of a key is appended to it; the text must live as long as the result. Never NULL.
 * oidc_keys_close() frees. */
struct oidc_keys *oidc_keys_open(const char *url) __attribute__((warn_unused_result));
void oidc_keys_close(struct oidc_keys *keys); /* NULL is fine */

#define OIDC_KEY_MAX 1024 /* bytes of a key in PEM, its NUL included; P-256's has 178 */

/* Copies the key with this id. -1 when there is none, or it cannot be fetched now. */
int oidc_keys_get(struct oidc_keys *keys, const char *kid, char pem[OIDC_KEY_MAX], struct err *e)
    __attribute__((warn_unused_result));

#endif
