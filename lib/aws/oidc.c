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

/* RFC 7519, 4.1.5. */
static bool is_too_early(const json_t *nbf, json_int_t now)
{
    return nbf && (!json_is_number(nbf) || json_number_value(nbf) > (double)now);
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
    if (is_too_early(json_object_get(header, "nbf"), now))
        return err_set(e, ERR_INVALID, "it is not valid yet");
    if (json_object_get(header, "crit")) /* RFC 7515, 4.1.11: we understand no extension */
        return err_set(e, ERR_INVALID, "it needs an extension (crit) that is not known here");
    return 0;
}

/* `email` is what a user typed until its provider has sent a mail there: OpenID Connect Core 1.0,
 * 5.1. Providers that never say whether they did are believed; the same for telephone numbers. */
static bool is_unverified(const json_t *claims, const char *claim, struct arena *a)
{
    const json_t *verified = json_object_get(claims, arena_printf(a, "%s_verified", claim));

    return verified && !json_is_true(verified) &&
           !(json_is_string(verified) && !strcmp(json_string_value(verified), "true"));
}

/* The signature is good. */
static int check_claims(const struct oidc *o, const json_t *header, const json_t *claims,
                        json_int_t now, struct arena *a, struct err *e)
{
    const char *claim = o->config->auth.amzn_oidc.claim;
    const json_t *exp = json_object_get(claims, "exp"), *value = json_object_get(claims, claim);

    if (!exp && !json_object_get(header, "exp"))
        return err_set(e, ERR_INVALID, "it never expires");
    if (exp && (!json_is_integer(exp) || json_integer_value(exp) <= now))
        return err_set(e, ERR_INVALID, "it has expired");
    if (is_too_early(json_object_get(claims, "nbf"), now))
        return err_set(e, ERR_INVALID, "it is not valid yet");
    if (!json_is_string(value))
        return err_set(e, ERR_INVALID, "it has no text as its claim %s", claim);
    if (is_unverified(claims, claim, a))
        return err_set(e, ERR_INVALID, "its claim %s_verified is not true", claim);
    return auth_claim_matches(&o->config->auth.amzn_oidc.matchers, json_string_value(value))
               ? 0
               : err_set(e, ERR_INVALID, "its claim %s matches no auth.amzn_oidc.matchers", claim);
}

static int check_decoded(const struct oidc *o, const json_t *header, jwt_t *jwt, json_int_t now,
                         struct err *e)
{
    char *text = jwt_get_grants_json(jwt, NULL);
    json_t *claims = text ? json_loads(text, 0, NULL) : NULL;
    struct arena a = {0};
    int rc = json_is_object(claims) ? check_claims(o, header, claims, now, &a, e)
                                    : err_set(e, ERR_INVALID, "its claims are no JSON object");

    arena_free(&a);
    json_decref(claims);
    free(text);
    return rc;
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
        rc = check_decoded(o, header, jwt, now, e);
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
