#include "cross_site.h"

#include <string.h>
#include <strings.h>

/* The length of `host[:port]` without a port that the scheme implies. */
static size_t authority_len(const char *authority, const char *default_port)
{
    const char *host_end = *authority == '[' ? strchr(authority, ']') : authority;
    const char *port = host_end ? strchr(host_end, ':') : NULL;

    return port && !strcmp(port, default_port) ? (size_t)(port - authority) : strlen(authority);
}

/* The length of the host in `host[:port]`. */
static size_t host_len(const char *authority)
{
    const char *end = *authority == '[' ? strchr(authority, ']') : NULL;

    return end ? (size_t)(end - authority) + 1 : strcspn(authority, ":");
}

static bool is_same_host(const char *a, const char *b)
{
    return host_len(a) == host_len(b) && !strncasecmp(a, b, host_len(a));
}

bool cross_site_host_is_ours(const struct request *r, const char *webapi)
{
    const char *host = request_variable(r, "HTTP_HOST");
    size_t len = host_len(host);

    if (len > 1 && host[len - 1] == '.') /* the root's own dot, as for mirage-proxyd */
        len--;
    return len == strlen(webapi) && !strncasecmp(host, webapi, len);
}

const char *cross_site_authority(const struct request *r, struct arena *a, bool is_proxy_trusted)
{
    const char *host = request_variable(r, "HTTP_HOST");
    const char *forwarded = request_variable(r, "HTTP_X_FORWARDED_HOST");
    const char *port = request_variable(r, "HTTP_X_FORWARDED_PORT");
    const char *first = arena_strndup(a, forwarded, strcspn(forwarded, ", \t"));
    bool is_tls = !strcmp(request_variable(r, "HTTP_X_FORWARDED_PROTO"), "https");
    bool says_port = *port && strlen(port) <= 5 && strspn(port, "0123456789") == strlen(port);

    if (!is_proxy_trusted || !*host || host[host_len(host)] == ':')
        return host;
    if (is_same_host(host, first) && first[host_len(first)] == ':')
        return first;
    if (says_port && strcmp(port, is_tls ? "443" : "80") != 0)
        return arena_printf(a, "%s:%s", host, port);
    return host;
}

/* Whether what follows the scheme in Origin is that host and port. */
static bool is_origin_of(const char *origin, const char *default_port, const char *authority)
{
    size_t len = authority_len(origin, default_port);

    return len > 0 && len == authority_len(authority, default_port) &&
           !strncasecmp(origin, authority, len);
}

bool cross_site_request(const struct request *r, const char *webapi, const char *authority)
{
    const char *origin = r->io->variable(r->io->ctx, "HTTP_ORIGIN");
    const char *site = r->io->variable(r->io->ctx, "HTTP_SEC_FETCH_SITE");
    const char *default_port;

    /* The browser knows the scheme that a load balancer takes away: another one is another site. */
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return true;
    if (!origin)
        return false;
    if (!strncasecmp(origin, "http://", 7)) {
        origin += 7;
        default_port = ":80";
    } else if (!strncasecmp(origin, "https://", 8)) {
        origin += 8;
        default_port = ":443";
    } else {
        return true;
    }
    if (strcspn(origin, ":") != strlen(webapi) || strncasecmp(origin, webapi, strlen(webapi)) != 0)
        return true;
    if (is_origin_of(origin, default_port, request_variable(r, "HTTP_HOST")) ||
        is_origin_of(origin, default_port, authority))
        return false;
    /* A browser that says so has compared the ports, which a proxy may have taken away. */
    return !site || strcmp(site, "same-origin") != 0 || !cross_site_host_is_ours(r, webapi);
}
