/* The table of calls and pages, and the edge where their errors end. */
#include "router.h"

#include <string.h>

#include "log.h"

#include "api.h"
#include "authenticate.h"
#include "cross_site.h"
#include "host_check.h"
#include "page.h"

static const struct route routes[] = {
    /* path, methods, bodies, JSON only without compat_v1, Allow, asks AWS, handler */
    {"/api/list", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, api_list},
    {"/api/environments", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, api_environments},
    {"/api/environments/", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, api_environments},
    {"/api/launch", METHOD_POST, BODY_FORM | BODY_JSON, true, "POST", ASKS_ALWAYS, api_launch},
    {"/api/logs", METHOD_GET, 0, false, "GET, HEAD", ASKS_ALWAYS, api_logs},
    {"/api/terminate", METHOD_POST, BODY_FORM | BODY_JSON, true, "POST", ASKS_ALWAYS,
     api_terminate},
    {"/api/sleep", METHOD_POST, BODY_FORM | BODY_JSON, true, "POST", ASKS_ALWAYS, api_sleep},
    {"/api/wake", METHOD_POST, BODY_FORM | BODY_JSON, true, "POST", ASKS_ALWAYS, api_wake},
    {"/api/access", METHOD_GET, 0, false, "GET, HEAD", ASKS_ALWAYS, api_access},
    {"/api/purges", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, api_purges},
    {"/api/purge", METHOD_POST, BODY_FORM | BODY_JSON, true, "POST", ASKS_NEVER, api_purge},
    {"/", METHOD_GET, 0, false, "GET, HEAD", ASKS_WITH_QUERY, page_index},
    {"/list", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, page_list},
    {"/launcher", METHOD_GET, 0, false, "GET, HEAD", ASKS_NEVER, page_launcher},
    {"/launch", METHOD_GET | METHOD_POST, BODY_FORM, false, "GET, HEAD, POST", ASKS_POST,
     page_launch},
    {"/terminate", METHOD_GET | METHOD_POST, BODY_FORM, false, "GET, HEAD, POST", ASKS_ALWAYS,
     page_terminate},
    {"/sleep", METHOD_POST, BODY_FORM, false, "POST", ASKS_ALWAYS, page_sleep},
    {"/wake", METHOD_POST, BODY_FORM, false, "POST", ASKS_ALWAYS, page_wake},
    {"/dismiss", METHOD_POST, BODY_FORM, false, "POST", ASKS_NEVER, page_dismiss},
    {"/purges", METHOD_GET, 0, false, "GET, HEAD", ASKS_WITH_QUERY, page_purges},
    {"/purge", METHOD_GET | METHOD_POST, BODY_FORM, false, "GET, HEAD, POST", ASKS_NEVER,
     page_purge},
    {"/trace/", METHOD_GET, 0, false, "GET, HEAD", ASKS_ALWAYS, page_trace},
    {"/logs/", METHOD_GET, 0, false, "GET, HEAD", ASKS_ALWAYS, page_logs},
};

const struct route *router_find(const char *path, const char **rest)
{
    *rest = "";
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t len = strlen(routes[i].path);

        if (!strcmp(path, routes[i].path) && (len == 1 || path[len - 1] != '/'))
            return &routes[i];
        if (len > 1 && routes[i].path[len - 1] == '/' && !strncmp(path, routes[i].path, len) &&
            path[len]) {
            *rest = path + len;
            return &routes[i];
        }
    }
    return NULL;
}

bool router_asks_aws(const struct request_io *io)
{
    struct arena arena = {0};
    struct request request = {0};
    const struct route *route = NULL;
    const char *rest;
    struct err ignored;
    bool asks = false;

    if (request_read_head(&request, io, &arena, &ignored) == 0)
        route = router_find(request.path, &rest);
    if (route)
        switch (route->asks) {
        case ASKS_NEVER:
            break;
        case ASKS_WITH_QUERY:
            asks = *request_variable(&request, "QUERY_STRING");
            break;
        case ASKS_POST:
            asks = request.method == METHOD_POST;
            break;
        case ASKS_ALWAYS:
            asks = true;
            break;
        }
    request_free(&request);
    arena_free(&arena);
    return asks;
}

static void answer_error(struct call *c, int status, const char *text)
{
    const char *path = c->request->path;

    if (status >= 500)
        log_error("%s %s: %d: %s", c->request->method_name, path, status, text);
    if (!request_is_api(path) && request_wants_text(c->request)) {
        respond_plain(c->response, status);
        buf_printf(&c->response->body, "%s\n", text);
    } else if (!request_is_api(path))
        page_error(c, status, text);
    else if (status == 401)
        respond_json_text(c->response, status, "message", "Unauthorized");
    else if (status == 404)
        respond_json_text(c->response, status, "message", "Not Found");
    else if (status == 405)
        respond_json_text(c->response, status, "message", "Method Not Allowed");
    else
        respond_json_text(c->response, status, "result", text);
}

/* Checks the columns of the table, in the order in which clients are told. 0 or the status. */
static int check(struct call *c, struct request *request, const struct route *route, struct err *e)
{
    unsigned bodies;
    int status = host_check(c, e);

    if (status != 0)
        return status;
    if (!authenticate(c, request_is_api(request->path))) {
        err_set(e, ERR_INVALID, "Nobody gets in here without the right credentials.");
        return 401;
    }
    if (!route) {
        err_set(e, ERR_NOT_FOUND, "There is no page %s.", request->path);
        return 404;
    }
    if ((route->methods & request->method) == 0) {
        c->response->allow = route->allow;
        err_set(e, ERR_INVALID, "%s is not possible here.", request->method_name);
        return 405;
    }
    if (request->method == METHOD_POST &&
        cross_site_request(request, c->with->config->host.webapi,
                           cross_site_authority(request, c->arena, peer_is_trusted(c)))) {
        err_set(e, ERR_INVALID, "request comes from another site");
        return 400;
    }
    bodies = route->json_if_new && !c->with->config->compat_v1 ? BODY_JSON : route->bodies;
    return request_read_params(request, bodies, c->arena, e);
}

void router_answer(const struct services *with, const struct request_io *io,
                   struct response *response, bool *is_head)
{
    struct arena arena = {0};
    struct request request = {0};
    struct call call = {with, &request, "", &arena, response};
    const struct route *route;
    struct err e = {0};
    int status = 400;
    bool is_read;

    is_read = request_read_head(&request, io, &arena, &e) == 0;
    if (is_read && page_starting_is_asked(&call))
        status = page_starting(&call, &e) < 0 ? respond_status(e.kind) : 0;
    else if (is_read && host_answers_health(&call))
        status = 0;
    else if (is_read) {
        route = router_find(request.path, &call.rest);
        status = check(&call, &request, route, &e);
        if (status == 0 && request.method != METHOD_GET)
            list_cache_forget(with->lists);
        if (status == 0 && route->handler(&call, &e) < 0) {
            status = respond_status(e.kind);
            response->retry_after = status == 503;
        }
    }
    if (status != 0)
        answer_error(&call, status, e.text);
    *is_head = request.is_head;
    request_free(&request);
    arena_free(&arena);
}
