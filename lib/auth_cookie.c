#include "auth_cookie.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "jws.h"

#define COOKIE_MAX 1024 /* bytes of a token; ours have some 110 */

char *auth_cookie_make(const char *secret, int64_t expire_at)
{
    char *token = NULL;
    jwt_t *jwt = NULL;

    if (jwt_new(&jwt) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) == 0 &&
        jwt_add_grant_int(jwt, "expire_at", (long)expire_at) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

/* A type other than JWT is another kind of token; some versions of libjwt let it pass. */
static bool is_jwt(jwt_t *jwt)
{
    const char *type = jwt_get_header(jwt, "typ");

    return !type || !strcasecmp(type, "JWT");
}

/* text ends with NUL. The algorithm is ours to say, not the token's. */
static bool is_signed(const char *text, const char *secret, int64_t now)
{
    jwt_t *jwt = NULL;
    bool valid = jwt_decode(&jwt, text, (const unsigned char *)secret, (int)strlen(secret)) == 0 &&
                 jwt_get_alg(jwt) == JWT_ALG_HS256 && is_jwt(jwt) &&
                 jwt_get_grant_int(jwt, "expire_at") > now;

    jwt_free(jwt);
    return valid;
}

/* The signature alone (RFC 7515, 5.2), at a fraction of what libjwt needs for a token: a head has
 * room for hundreds of forged ones. text: the token, whose parts these are of another copy. */
static bool has_signature(const struct jws *parts, const char *text, const char *secret)
{
    unsigned char expected[EVP_MAX_MD_SIZE];
    char given[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text,
              parts->header.len + 1 + parts->payload.len, expected, &len))
        return false;
    return jws_decode(&parts->signature, given, sizeof given) == len &&
           CRYPTO_memcmp(given, expected, len) == 0;
}

bool auth_cookie_is_valid(const char *token, size_t len, const struct config_strings *secrets,
                          int64_t now)
{
    char text[COOKIE_MAX + 1];
    struct jws parts;
    bool valid = false;

    if (len > COOKIE_MAX || !jws_split(&parts, token, len, JWS_UNPADDED))
        return false;
    memcpy(text, token, len);
    text[len] = '\0';
    for (size_t i = 0; i < secrets->len && !valid; i++)
        valid = has_signature(&parts, text, secrets->items[i]) &&
                is_signed(text, secrets->items[i], now);
    return valid;
}

/* One `name=value` of a Cookie field. Between semicolons, as browsers write it; who reads quotes or
 * commas as something more does not see a semicolon elsewhere. */
struct pair {
    size_t start, end; /* its bytes and the semicolon behind it */
    const char *value;
    size_t value_len;
    bool ours;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool next_pair(struct pair *p, const char *text, size_t len, size_t *at)
{
    static const char name[] = AUTH_COOKIE_NAME;
    const char *semicolon, *end, *c = text + *at, *stop;

    if (*at >= len)
        return false;
    semicolon = memchr(c, ';', len - *at);
    end = stop = semicolon ? semicolon : text + len;
    p->start = *at;
    p->end = *at = (size_t)(semicolon ? semicolon + 1 - text : end - text);
    while (c < stop && is_blank(*c))
        c++;
    while (stop > c && is_blank(stop[-1]))
        stop--;
    p->ours = (size_t)(stop - c) >= sizeof name - 1 && !memcmp(c, name, sizeof name - 1);
    for (c += p->ours ? sizeof name - 1 : 0; p->ours && c < stop && is_blank(*c); c++)
        ;
    p->ours = p->ours && (c == stop || *c == '='); /* a name without `=` is some server's too */
    for (c += p->ours && c < stop; p->ours && c < stop && is_blank(*c); c++)
        ;
    p->value = c;
    p->value_len = (size_t)(stop - c);
    return true;
}

bool auth_cookie_find(const char *value, size_t len, const struct config_strings *secrets,
                      int64_t now, const char **token, size_t *token_len)
{
    struct pair p;
    size_t at = 0;

    while (next_pair(&p, value, len, &at))
        if (p.ours && auth_cookie_is_valid(p.value, p.value_len, secrets, now)) {
            *token = p.value;
            *token_len = p.value_len;
            return true;
        }
    return false;
}

bool auth_cookie_opens(const char *value, size_t len, const struct config_strings *secrets,
                       int64_t now)
{
    const char *token;
    size_t token_len;

    return auth_cookie_find(value, len, secrets, now, &token, &token_len);
}

bool auth_cookie_is_set_by(const char *value, size_t len)
{
    struct pair p;
    size_t at = 0, start = 0;

    while (start < len && (is_blank(value[start]) || value[start] == '='))
        start++;
    return next_pair(&p, value + start, len - start, &at) && p.ours;
}

size_t auth_cookie_remove(char *value, size_t len)
{
    struct pair p;
    size_t at = 0, kept = 0;

    if (!memmem(value, len, AUTH_COOKIE_NAME, sizeof AUTH_COOKIE_NAME - 1))
        return len;
    while (next_pair(&p, value, len, &at))
        if (!p.ours) {
            memmove(value + kept, value + p.start, p.end - p.start);
            kept += p.end - p.start;
        }
    while (kept > 0 && (is_blank(value[kept - 1]) || value[kept - 1] == ';'))
        kept--;
    for (at = 0; at < kept && is_blank(value[at]); at++)
        ;
    memmove(value, value + at, kept - at);
    return kept - at;
}
