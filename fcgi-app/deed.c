/* Names are a client's text: what the log cannot show as it is, it escapes. */
#include "deed.h"

#include "log.h"

#include "router.h"

/* Who asked: the addresses that the request came by, the client's first. */
static const char *asker(const struct call *c)
{
    const char *by = request_variable(c->request, "HTTP_X_FORWARDED_FOR");

    return *by != '\0' ? by : request_variable(c->request, "REMOTE_ADDR");
}

void deed_launched(const struct call *c, const struct launch_request *request)
{
    const char *taskdefs = request->taskdefs[0];

    for (size_t i = 1; i < request->n_taskdefs; i++)
        taskdefs = arena_printf(c->arena, "%s, %s", taskdefs, request->taskdefs[i]);
    log_info("launched %s (%.500s), asked by %.200s", request->subdomain, taskdefs, asker(c));
}

void deed_terminated(const struct call *c, const char *subdomain, const char *id)
{
    log_info("terminated %s%.200s, asked by %.200s", id != NULL ? "task " : "",
             id != NULL ? id : subdomain, asker(c));
}
