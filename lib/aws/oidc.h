/* What an Application Load Balancer says about the user that it has authenticated: the field
 * x-amzn-oidc-data (Elastic Load Balancing, "Authenticate users using an Application Load
 * Balancer"). A JWT in padded base64url, ES256; kid, signer and exp stand in its header. */
#ifndef MIRAGE_AWS_OIDC_H
#define MIRAGE_AWS_OIDC_H

#include "config/config.h"
#include "err.h"

struct oidc;

/* For a configuration with auth.amzn_oidc; without, *o is NULL. Shared by threads. Fails when it is
 * not known where the public keys are. oidc_close() frees it. */
int oidc_open(struct oidc **o, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));
void oidc_close(struct oidc *o); /* NULL is fine */

/* As struct auth_oidc has it; ctx is a struct oidc. */
int oidc_verify(void *ctx, const char *data, struct err *e) __attribute__((warn_unused_result));

#endif
