#include "oidc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>
#include <jwt.h>

#include "auth.h"
#include "json.h"
#include "jws.h"
#include "oidc_keys.h"
#include "service.h"

#define HEADER_MAX 2048

struct oidc {
    const struct config *config;
    struct arena arena;
    struct oidc_keys *keys;
};

int oidc_open(struct oidc **o, const struct config *config, struct err *e)
{
    const char *url = config->auth.amzn_oidc.public_key_url;

    *o = NULL;
    if (!config->auth.amzn_oidc.present)
        return 0;
    if (!url && !config->ecs.region)
        return err_set(e, ERR_INVALID,
                       "auth.amzn_oidc: the load balancer's region is not known; set ecs.region");
    *o = calloc(1, sizeof **o);
    if (!*o)
        abort();
    (*o)->config = config;
    (*o)->keys =
        oidc_keys_open(url ? url : aws_elb_public_key_url(config->ecs.region, &(*o)->arena));
    return 0;
}

void oidc_close(struct oidc *o)
{
    if (!o)
        return;
    oidc_keys_close(o->keys);
    arena_free(&o->arena);
    free(o);
}

/* What can be refused before a key is asked for. The signature covers the header as well. */
static int check_header(const struct oidc *o, const json_t *header, json_int_t now, struct err *e)
{
    const char *signer = o->config->auth.amzn_oidc.signer;
    const json_t *exp = json_object_get(header, "exp"), *type = json_object_get(header, "typ");

    if (type && strcasecmp(json_member(header, "typ"), "JWT") != 0)
        return err_set(e, ERR_INVALID, "it is another kind of token than a JWT");
    if (strcmp(json_member(header, "alg"), "ES256") != 0)
        return err_set(e, ERR_INVALID, "its algorithm is not ES256");
    if (signer && strcmp(json_member(header, "signer"), signer) != 0)
        return err_set(e, ERR_INVALID,
                       "another load balancer signed it than auth.amzn_oidc.signer");
    if (exp && (!json_is_integer(exp) || json_integer_value(exp) <= now))
        return err_set(e, ERR_INVALID, "it has expired");
    return 0;
}

/* The signature is good. */
static int check_claims(const struct oidc *o, const json_t *header, jwt_t *jwt, json_int_t now,
                        struct err *e)
{
    const char *claim = o->config->auth.amzn_oidc.claim, *value;
    char *exp = jwt_get_grants_json(jwt, "exp");
    bool claims_exp = exp;

    free(exp);
    if (!claims_exp && !json_object_get(header, "exp"))
        return err_set(e, ERR_INVALID, "it never expires");
    if (claims_exp && jwt_get_grant_int(jwt, "exp") <= now)
        return err_set(e, ERR_INVALID, "it has expired");
    value = jwt_get_grant(jwt, claim);
    if (!value)
        return err_set(e, ERR_INVALID, "it has no text as its claim %s", claim);
    return auth_claim_matches(&o->config->auth.amzn_oidc.matchers, value)
               ? 0
               : err_set(e, ERR_INVALID, "its claim %s matches no auth.amzn_oidc.matchers", claim);
}

static int check(const struct oidc *o, const json_t *header, const char *data, struct err *e)
{
    char pem[OIDC_KEY_MAX];
    json_int_t now = (json_int_t)time(NULL);
    jwt_t *jwt = NULL;
    int rc;

    if (check_header(o, header, now, e) < 0 ||
        oidc_keys_get(o->keys, json_member(header, "kid"), pem, e) < 0)
        return -1;
    if (jwt_decode(&jwt, data, (const unsigned char *)pem, (int)strlen(pem)) != 0 ||
        jwt_get_alg(jwt) != JWT_ALG_ES256)
        rc = err_set(e, ERR_INVALID, "its signature is wrong");
    else
        rc = check_claims(o, header, jwt, now, e);
    jwt_free(jwt);
    return rc;
}

int oidc_verify(void *ctx, const char *data, struct err *e)
{
    const struct oidc *o = ctx;
    char text[HEADER_MAX];
    struct jws parts;
    json_t *header;
    size_t len;
    int rc;

    if (!jws_split(&parts, data, strlen(data), JWS_MAY_PADDED))
        return err_set(e, ERR_INVALID, "it is no token");
    len = jws_decode(&parts.header, text, sizeof text);
    header = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    rc = json_is_object(header) ? check(o, header, data, e)
                                : err_set(e, ERR_INVALID, "its header is no JSON object");
    json_decref(header);
    return rc;
}
