/* What an Application Load Balancer says about a user whom it has authenticated: the field
 * x-amzn-oidc-data (Elastic Load Balancing, "Authenticate users using an Application Load
 * Balancer"). It is a JWT in padded base64url, signed with ES256. kid, signer and exp are in its
 * header. */
#ifndef MIRAGE_AWS_OIDC_H
#define MIRAGE_AWS_OIDC_H

#include "config/config.h"
#include "err.h"

struct oidc;

/* For a configuration with auth.amzn_oidc; without it *o is NULL. Threads share it. Fails when the
 * URL of the public keys is not known. oidc_close() frees. */
int oidc_open(struct oidc **o, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));
void oidc_close(struct oidc *o); /* NULL is fine */

/* The verify() of struct auth_oidc; ctx is a struct oidc. */
int oidc_verify(void *ctx, const char *data, struct err *e) __attribute__((warn_unused_result));

#endif
