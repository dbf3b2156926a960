#include "environment_url.h"

#include <string.h>

#include "pattern.h"

#include "authenticate.h"
#include "cross_site.h"
#include "encode.h"
#include "router.h"

/* ":8080" when the client came by a port of its own, else "". */
static const char *request_port(struct call *c)
{
    const char *host = cross_site_authority(c->request, c->arena, peer_is_trusted(c));
    const char *colon = strrchr(host, ':');

    if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
        return "";
    return colon;
}

json_t *environment_url(struct call *c, const char *subdomain)
{
    const char *proto = request_variable(c->request, "HTTP_X_FORWARDED_PROTO"), *url;

    if (pattern_has_meta(subdomain))
        return json_null();
    url = arena_printf(c->arena, "%s://%s%s%s/", !strcmp(proto, "https") ? "https" : "http",
                       escape_url(c->arena, subdomain), c->with->config->host.reverse_proxy_suffix,
                       request_port(c));
    return utf8_json(url, strlen(url));
}
