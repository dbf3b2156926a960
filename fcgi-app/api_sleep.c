/* /api/sleep and /api/wake: stops an environment's tasks so that a visit launches them again, and
 * launches them again. */
#include "api.h"

#include <string.h>

#include "deed.h"
#include "router.h"

/* What is not found is the caller's name; 404 would be the call's. */
static int refuse(struct err *e)
{
    if (e->kind == ERR_NOT_FOUND)
        e->kind = ERR_INVALID;
    return -1;
}

int api_sleep(struct call *c, struct err *e)
{
    const char *subdomain;

    if (params_need_subdomain(&c->request->params, c->arena, &subdomain, e) < 0 ||
        deed_sleep(c, subdomain, e) < 0)
        return refuse(e);
    respond_json_text(c->response, 200, "result", "ok");
    return 0;
}

int api_wake(struct call *c, struct err *e)
{
    const char *subdomain, *revisions;
    bool newest;

    if (params_need_subdomain(&c->request->params, c->arena, &subdomain, e) < 0 ||
        params_text(&c->request->params, "revisions", &revisions, e) < 0)
        return refuse(e);
    newest = revisions && !strcmp(revisions, "newest");
    if (revisions && !newest && strcmp(revisions, "same") != 0)
        return err_set(e, ERR_INVALID, "revisions: expected same or newest, got '%.100s'",
                       revisions);
    if (deed_wake(c, subdomain, newest, e) < 0)
        return refuse(e);
    respond_json_text(c->response, 200, "result", "accepted");
    return 0;
}
