#include "authenticate.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth.h"
#include "auth_cookie.h"
#include "aws/oidc.h"
#include "clock.h"
#include "log.h"

#include "router.h"

/* The CGI variable of a header field (RFC 3875, 4.1.18). */
static const char *variable_of(struct arena *a, const char *header)
{
    char *name = arena_printf(a, "HTTP_%s", header);

    for (char *p = name + 5; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    return name;
}

/* Who connected to the web server. Through a Unix socket, for which lighttpd gives its path, or to
 * Apache's loopback port, it was mirage-proxyd. */
bool peer_is_proxyd(const struct call *c)
{
    const char *peer = request_variable(c->request, "REMOTE_ADDR");

    return *peer == '/' ||
           (!strcmp(c->with->config->web.server, "apache") && !strcmp(peer, "127.0.0.1"));
}

/* mirage-proxyd has taken away what its own clients may not say. */
bool peer_is_trusted(const struct call *c)
{
    const struct config *config = c->with->config;

    return peer_is_proxyd(c) || network_list_has(config->network.trusted, config->network.n_trusted,
                                                 request_variable(c->request, "REMOTE_ADDR"));
}

static void give_cookie(struct call *c)
{
    const struct config *config = c->with->config;
    char *token;

    if (config->auth.cookie_secret.len == 0)
        return;
    token = auth_cookie_make(config->auth.cookie_secret.items[0],
                             (int64_t)time(NULL) + AUTH_COOKIE_SECONDS);
    if (!token)
        log_error("cannot make the cookie %s: out of memory", AUTH_COOKIE_NAME);
    else
        respond_set_cookie(c->response, AUTH_COOKIE_NAME, token,
                           config->host.reverse_proxy_suffix + 1, AUTH_COOKIE_SECONDS);
    free(token);
}

/* Whoever brings nothing is asked for it, which is how HTTP's authentication begins (RFC 9110,
 * 11.6.1), and no refusal yet. But behind a load balancer that asks for a login, a page without it
 * tells that the balancer is not believed, or was gone round. */
static bool is_refusal(const struct config *config, const struct auth_request *given, bool is_api)
{
    return given->token || given->authorization || given->oidc_data ||
           (config->auth.amzn_oidc.present && !is_api);
}

/* One line a second: a scanner must not fill a disk. */
static void log_refusal(const struct call *c, const char *why)
{
    static _Atomic int64_t next_at;
    static atomic_uint unsaid;
    int64_t now = clock_monotonic_ms(), due = atomic_load(&next_at);
    unsigned others;

    if (now < due || !atomic_compare_exchange_strong(&next_at, &due, now + 1000)) {
        atomic_fetch_add(&unsaid, 1);
        return;
    }
    others = atomic_exchange(&unsaid, 0);
    if (others > 0)
        log_info("%s %s: not let in: %s (and %u others since the last line)",
                 c->request->method_name, c->request->path, why, others);
    else
        log_info("%s %s: not let in: %s", c->request->method_name, c->request->path, why);
}

bool authenticate(struct call *c, bool is_api)
{
    const struct config *config = c->with->config;
    const struct request_io *io = c->request->io;
    const struct auth_oidc oidc = {oidc_verify, c->with->oidc};
    struct auth_request given = {0};
    struct err why;

    if (!config->auth.present)
        return true;
    if (config->auth.token.present)
        given.token = io->variable(io->ctx, variable_of(c->arena, config->auth.token.header));
    if (peer_is_trusted(c))
        given.oidc_data = io->variable(io->ctx, "HTTP_X_AMZN_OIDC_DATA");
    given.authorization = io->variable(io->ctx, "HTTP_AUTHORIZATION");
    if (auth_lets_in(config, is_api ? AUTH_API : AUTH_PAGES, &given, &oidc, &why)) {
        if (!is_api)
            give_cookie(c);
        return true;
    }
    if (is_refusal(config, &given, is_api))
        log_refusal(c, why.text);
    else
        log_debug("%s %s: no credentials: %s", c->request->method_name, c->request->path, why.text);
    c->response->ask_password = !is_api && config->auth.basic.present;
    return false;
}
