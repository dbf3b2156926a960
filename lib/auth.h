/* Who is let in: the decision of the section `auth`. Pure, except that somebody else has to verify
 * what the load balancer says about a user. */
#ifndef MIRAGE_AUTH_H
#define MIRAGE_AUTH_H

#include "config/config.h"
#include "err.h"

/* The credentials of a request; NULL: it has none of this kind. */
struct auth_request {
    const char *token;         /* the field that auth.token.header names */
    const char *oidc_data;     /* x-amzn-oidc-data; NULL also when an untrusted peer sent it */
    const char *authorization; /* the Authorization field */
};

/* Verifies x-amzn-oidc-data, and that it names a user who may enter. 0, or -1 and why not. */
struct auth_oidc {
    int (*verify)(void *ctx, const char *data, struct err *e);
    void *ctx;
};

enum auth_entrance {
    AUTH_PAGES, /* token, then OIDC, then basic */
    AUTH_API,   /* the token only */
};

/* Whether the configuration, which must have the section, lets the request in. If not, *e says why,
 * for the log. Nothing of the credentials is in it. */
bool auth_lets_in(const struct config *config, enum auth_entrance entrance,
                  const struct auth_request *request, const struct auth_oidc *oidc, struct err *e)
    __attribute__((warn_unused_result));

/* Whether `authorization` is the Authorization field (RFC 7617) of that user with that password. */
bool auth_basic_is(const char *authorization, const char *username, const char *password)
    __attribute__((warn_unused_result));

/* Whether one of the matchers accepts a claim's value. */
bool auth_claim_matches(const struct config_matchers *matchers, const char *value)
    __attribute__((warn_unused_result));

#endif
