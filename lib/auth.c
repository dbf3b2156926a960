#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "buf.h"
#include "secret.h"

/* The credentials have one encoding only, so that what was sent is compared and never decoded. */
bool auth_basic_is(const char *authorization, const char *username, const char *password)
{
    struct buf plain = {0};
    char *encoded;
    bool same;

    if (strncasecmp(authorization, "Basic ", 6) != 0)
        return false;
    buf_printf(&plain, "%s:%s", username, password);
    encoded = malloc(plain.len / 3 * 4 + 5);
    if (!encoded || plain.failed)
        abort();
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain.data, (int)plain.len);
    authorization += 6;
    same = secret_equal(authorization + strspn(authorization, " "), encoded);
    OPENSSL_cleanse(encoded, strlen(encoded));
    OPENSSL_cleanse(plain.data, plain.len);
    free(encoded);
    buf_free(&plain);
    return same;
}

bool auth_claim_matches(const struct config_matchers *matchers, const char *value)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < matchers->len; i++) {
        const char *exact = matchers->items[i].exact, *suffix = matchers->items[i].suffix;
        if (exact && *exact
                ? !strcmp(value, exact)
                : len >= strlen(suffix) && !strcmp(value + len - strlen(suffix), suffix))
            return true;
    }
    return false;
}

static bool token_lets_in(const struct config *config, const struct auth_request *request,
                          struct buf *why)
{
    if (request->token && secret_equal(request->token, config->auth.token.token))
        return true;
    buf_printf(why, "%s token", request->token ? "wrong" : "no");
    return false;
}

static bool oidc_lets_in(const struct auth_request *request, const struct auth_oidc *oidc,
                         struct buf *why)
{
    struct err wrong;

    if (request->oidc_data && oidc->verify(oidc->ctx, request->oidc_data, &wrong) == 0)
        return true;
    buf_printf(why, "%sOIDC: %s", why->len ? ", " : "",
               request->oidc_data ? wrong.text : "no x-amzn-oidc-data that may be believed");
    return false;
}

static bool basic_lets_in(const struct config *config, const struct auth_request *request,
                          struct buf *why)
{
    if (request->authorization && auth_basic_is(request->authorization, config->auth.basic.username,
                                                config->auth.basic.password))
        return true;
    buf_printf(why, "%s%s user and password", why->len ? ", " : "",
               request->authorization ? "wrong" : "no");
    return false;
}

bool auth_lets_in(const struct config *config, enum auth_entrance entrance,
                  const struct auth_request *request, const struct auth_oidc *oidc, struct err *e)
{
    bool pages = entrance == AUTH_PAGES, in;
    struct buf why = {0};

    if (!pages && !config->auth.token.present)
        buf_str(&why, "the API takes a token only, and auth.token is not configured");
    in = (config->auth.token.present && token_lets_in(config, request, &why)) ||
         (pages && config->auth.amzn_oidc.present && oidc_lets_in(request, oidc, &why)) ||
         (pages && config->auth.basic.present && basic_lets_in(config, request, &why));
    if (!in)
        err_set(e, ERR_INVALID, "%s", buf_text(&why));
    buf_free(&why);
    return in;
}
