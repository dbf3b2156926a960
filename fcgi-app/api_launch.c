/* /api/launch: starts an environment. */
#include "api.h"

#include "environment.h"
#include "launch_check.h"

#include "deed.h"
#include "launch_input.h"
#include "router.h"

int api_launch(struct call *c, struct err *e)
{
    struct launch_input input;
    struct launch_request request;

    if (launch_input_read(&c->request->params, c->arena, &input, e) < 0 ||
        launch_check(c->with->config, &input, c->arena, &request, e) < 0 ||
        deed_launch(c, &request, e) < 0)
        return -1;
    respond_json_text(c->response, 200, "result", "accepted");
    return 0;
}
