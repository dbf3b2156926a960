/* Who is let in: the decision of the section `auth`. Pure but for the load balancer's word on a
 * user, which somebody else has to verify. */
#ifndef MIRAGE_AUTH_H
#define MIRAGE_AUTH_H

#include "config/config.h"
#include "err.h"

/* What a request brings along; NULL: nothing of the kind. */
struct auth_request {
    const char *token;         /* the field that auth.token.header names */
    const char *oidc_data;     /* x-amzn-oidc-data; NULL too when it came from who is not trusted */
    const char *authorization; /* the Authorization field */
};

/* Verifies x-amzn-oidc-data and whom it names. 0, or -1 and why not. */
struct auth_oidc {
    int (*verify)(void *ctx, const char *data, struct err *e);
    void *ctx;
};

enum auth_entrance {
    AUTH_PAGES, /* token, then OIDC, then basic */
    AUTH_API,   /* the token only */
};

/* Whether the request is let in by the configuration, which has the section. If not, *e says why,
 * for the log: nothing that was given is in it. */
bool auth_lets_in(const struct config *config, enum auth_entrance entrance,
                  const struct auth_request *request, const struct auth_oidc *oidc, struct err *e)
    __attribute__((warn_unused_result));

/* Whether this is the Authorization field (RFC 7617) of that user. */
bool auth_basic_is(const char *authorization, const char *username, const char *password)
    __attribute__((warn_unused_result));

/* Whether a claim's value is one that lets in. */
bool auth_claim_matches(const struct config_matchers *matchers, const char *value)
    __attribute__((warn_unused_result));

#endif
