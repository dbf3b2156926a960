/* `/dismiss`: a launch that failed was read about, and is shown no more. */
#include "store/store_launch.h"

#include "page.h"
#include "router.h"

int page_dismiss(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const char *subdomain, *launch;
    int rc;

    if (params_subdomain(params, c->arena, &subdomain, e) < 0 ||
        params_text(params, "launch", &launch, e) < 0)
        return -1;
    if (!subdomain || !launch)
        return err_set(e, ERR_INVALID, "parameter required: subdomain and launch");
    rc = store_launch_dismiss(c->with->db, subdomain, launch, e);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no failed launch %.30s of %.63s.", launch,
                       subdomain);
    respond_redirect(c->response, "/");
    return 0;
}
