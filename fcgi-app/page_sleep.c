/* `/sleep` and `/wake`: the buttons of the list. */
#include <string.h>

#include "deed.h"
#include "page.h"
#include "router.h"

static int subdomain_of(struct call *c, const char **subdomain, struct err *e)
{
    if (params_subdomain(&c->request->params, c->arena, subdomain, e) < 0)
        return -1;
    return *subdomain ? 0 : err_set(e, ERR_INVALID, "parameter required: subdomain");
}

int page_sleep(struct call *c, struct err *e)
{
    const char *subdomain;

    if (subdomain_of(c, &subdomain, e) < 0 || deed_sleep(c, subdomain, e) < 0)
        return -1;
    respond_redirect(c->response, "/");
    return 0;
}

int page_wake(struct call *c, struct err *e)
{
    const char *subdomain, *revisions;

    if (subdomain_of(c, &subdomain, e) < 0 ||
        params_text(&c->request->params, "revisions", &revisions, e) < 0 ||
        deed_wake(c, subdomain, revisions && !strcmp(revisions, "newest"), e) < 0)
        return -1;
    respond_redirect(c->response, "/");
    return 0;
}
