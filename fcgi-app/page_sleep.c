/* `/sleep` and `/wake`: the buttons of the list. */
#include <string.h>

#include "deed.h"
#include "page.h"
#include "router.h"

int page_sleep(struct call *c, struct err *e)
{
    const char *subdomain;

    if (params_need_subdomain(&c->request->params, c->arena, &subdomain, e) < 0 ||
        deed_sleep(c, subdomain, e) < 0)
        return -1;
    respond_redirect(c->response, "/");
    return 0;
}

int page_wake(struct call *c, struct err *e)
{
    const char *subdomain, *revisions;

    if (params_need_subdomain(&c->request->params, c->arena, &subdomain, e) < 0 ||
        params_text(&c->request->params, "revisions", &revisions, e) < 0 ||
        deed_wake(c, subdomain, revisions && !strcmp(revisions, "newest"), e) < 0)
        return -1;
    respond_redirect(c->response, "/");
    return 0;
}
