#include "host_check.h"

#include <string.h>

#include "authenticate.h"
#include "cross_site.h"
#include "respond.h"
#include "router.h"

#define SUBDOMAIN_MAX 63

static bool is_ours(const struct call *c)
{
    return cross_site_host_is_ours(c->request, c->with->config->host.webapi);
}

bool host_answers_health(struct call *c)
{
    if (c->request->method != METHOD_GET || request_is_api(c->request->path) || is_ours(c))
        return false;
    respond_plain(c->response, 200);
    buf_str(&c->response->body, "mirage-ecs\n");
    return true;
}

const char *host_environment(const struct call *c, struct arena *a)
{
    const char *suffix = c->with->config->host.reverse_proxy_suffix;
    const char *host = request_variable(c->request, "HTTP_HOST");
    const size_t len = strlen(host), suffix_len = strlen(suffix), label = strcspn(host, ".");

    if (is_ours(c) || len <= suffix_len || label == 0 || label > SUBDOMAIN_MAX ||
        strcmp(host + len - suffix_len, suffix) != 0)
        return "";
    return arena_strndup(a, host, label);
}

int host_check(const struct call *c, struct err *e)
{
    if (is_ours(c))
        return 0;
    err_set(e, ERR_INVALID, "This is %s; the request is for another host.",
            c->with->config->host.webapi);
    return 421;
}
