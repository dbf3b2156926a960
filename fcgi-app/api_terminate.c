/* /api/terminate: ends an environment, or one of its tasks. */
#include "api.h"

#include "deed.h"
#include "router.h"

int api_terminate(struct call *c, struct err *e)
{
    const char *id;
    const char *subdomain;

    if (params_text(&c->request->params, "id", &id, e) < 0 ||
        params_subdomain(&c->request->params, c->arena, &subdomain, e) < 0)
        return -1;
    if (id && !*id)
        id = NULL;
    if (!id && !subdomain)
        return err_set(e, ERR_INVALID, "parameter required: id or subdomain");
    if (deed_terminate(c, subdomain, id, e) < 0) {
        if (e->kind == ERR_NOT_FOUND)
            e->kind = ERR_INVALID; /* the id is the caller's; 404 would be the call's */
        return -1;
    }
    respond_json_text(c->response, 200, "result", "ok");
    return 0;
}
