#include "client_field.h"

#include <string.h>

#include "cgi_name.h"

/* One that ends in a hyphen stands for all that begin with it. `Proxy` is HTTP_PROXY in CGI, which
 * libraries take for the proxy to use. */
static const char *const about_client[] = {
    "cf-connecting-",
    "cf-ipcountry",
    "cf-pseudo-",
    "client-cert",
    "client-cert-chain",
    "client-ip",
    "cloudfront-viewer-",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "proxy",
    "proxy-client-ip",
    "remote-user",
    "true-client-ip",
    "wl-proxy-client-ip",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-appengine-",
    "x-auth-request-",
    "x-azure-",
    "x-client-cert",
    "x-client-cert-",
    "x-client-ip",
    "x-client-verify",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-forwarded",
    "x-forwarded-",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-host",
    "x-ms-client-principal",
    "x-ms-client-principal-",
    "x-original-",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-",
    "x-rewrite-url",
    "x-scheme",
    "x-ssl-",
    "x-url-scheme",
};

bool client_field_is(const char *name, size_t len, bool *exact)
{
    char first = len > 0 ? cgi_name_byte(*name) : '\0';

    switch (first) { /* what they begin with: nearly every name ends here */
    case 'c':
    case 'f':
    case 'p':
    case 'r':
    case 't':
    case 'w':
    case 'x':
        break;
    default:
        return false;
    }
    for (size_t i = 0; i < sizeof about_client / sizeof *about_client; i++) {
        const char *known_name = about_client[i];
        size_t known_len;
        if (first != *known_name)
            continue;
        known_len = strlen(known_name);
        if ((len == known_len || known_name[known_len - 1] == '-') &&
            cgi_name_begins(name, len, known_name, exact))
            return true;
    }
    return false;
}
