#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "log.h"

#include "access_log.h"
#include "admit.h"
#include "bad_gateway.h"
#include "conn.h"
#include "count_rule.h"
#include "credentials.h"
#include "health.h"
#include "metrics_page.h"
#include "hold.h"
#include "host.h"
#include "relay.h"
#include "reply.h"
#include "retry.h"
#include "route.h"
#include "upstream.h"
#include "waiting.h"
#include "worker.h"

static void take_off_credentials(struct conn *c, struct http_request *r)
{
    credentials_take_off(c->worker->shared->config, c->in->bytes + c->head_at, r, *c->subdomain,
                         c->peer_trusted);
}

/* Reads the head again that exchange_begin() found good, to send it again. */
static void parse_again(struct conn *c, struct http_request *r)
{
    if (http_parse_request(conn_head(c), c->head_len, r) != 0)
        log_error("a head that was good is not any more");
    if (!c->waiting)
        take_off_credentials(c, r);
}

/* --- finding the task ------------------------------------------------------------------------- */

static void begin_body(struct conn *c, const struct http_request *r)
{
    const struct config *config = c->worker->shared->config;

    body_begin(&c->request, r->body, r->content_length, r->body == HTTP_BODY_CHUNKED);
    c->request.stays_behind = config->auth.token.present ? config->auth.token.header : NULL;
    c->starved = false;
}

static void answer_no_task(struct conn *c, const struct http_request *r, enum route_answer answer,
                           const char *host)
{
    if (answer == ROUTE_STARTING || answer == ROUTE_ASLEEP)
        waiting_reply(c, r);
    else
        reply_text(c, 404, "%s is not found", host);
}

/* The targets of the request. They are looked up for each attempt: the routes may have changed.
 * *answer: what the routes say when there is none. */
static size_t find_targets(struct conn *c, const struct target **targets, enum route_answer *answer)
{
    struct worker *w = c->worker;
    struct route route;

    *answer = ROUTE_READY;
    if (!*c->subdomain) {
        *targets = &w->shared->web;
        return 1;
    }
    *answer = route_find(route_inbox_routes(&w->inbox), c->subdomain, strlen(c->subdomain),
                         c->listen, &route);
    if (*answer != ROUTE_READY)
        return 0;
    *targets = route.targets;
    return route.n_targets;
}

/* Connects to the next target that has not refused, and sends the request where that succeeds at
 * once; answers when there is no target left. fresh: on a connection that has served nobody yet. */
static void connect_next(struct conn *c, const struct http_request *r, bool fresh)
{
    const struct target *targets;
    enum route_answer answer;
    size_t n = find_targets(c, &targets, &answer);
    int error = 0;

    while (c->tries < n) {
        struct upstream *u = upstream_get(c->worker, &targets[(c->turn + c->tries) % n],
                                          c->replayable, fresh, &error);
        if (u) {
            c->upstream = u;
            u->conn = c;
            if (u->state == UPSTREAM_CONNECTING)
                conn_set_state(c, CONN_CONNECT);
            else
                relay_begin(c, r);
            return;
        }
        tally_fail(c, TALLY_NO_CONNECTION);
        if (c->waiting)
            break; /* there is but one */
        if (error == EMFILE || error == ENFILE || error == ENOMEM) {
            log_error("%s: cannot connect: %s", bad_gateway_name(c), strerror(error));
            reply_text(c, 503, "%s: the proxy is out of resources", bad_gateway_name(c));
            return;
        }
        c->tries++;
    }
    if (c->waiting)
        waiting_reply(c, r);
    else if (n == 0) /* its tasks went since the last attempt */
        answer_no_task(c, r, answer, c->subdomain);
    else
        bad_gateway_reply(c, *c->subdomain ? "its task accepts no connection"
                                           : "the web server does not answer");
}

static enum visitor visitor(struct conn *c, const struct http_request *r)
{
    struct worker *w = c->worker;
    const struct visitor_request v = {conn_head(c), r, c->peer, c->peer_trusted};

    return visitor_of(w->shared->visitors, &w->visitors, &v);
}

/* Asks mirage-api for the page, unless another one has done that already. */
static void ask_page(struct conn *c, const struct http_request *r)
{
    if (!waiting_is_shared(c, r))
        connect_next(c, r, false);
}

/* No task takes the request: it waits for one, or gets mirage-api's page, or an answer of our own.
 */
static void begin_without_task(struct conn *c, const struct http_request *r, enum admit admit,
                               enum route_answer answer, const struct route *route,
                               const char *host)
{
    const struct config *config = c->worker->shared->config;
    enum visitor who = visitor(c, r);
    bool wakes = visitor_wakes(config, who);

    c->asleep = answer == ROUTE_ASLEEP && !wakes;
    if (answer == ROUTE_ASLEEP && wakes)
        wanted_note(&c->worker->shared->wanted, route->environment);
    if (hold_is_due(c, r, answer, who, wakes)) {
        hold_begin(c);
        return;
    }
    (void)count_request(c, r, admit, answer, route);
    if (answer != ROUTE_UNKNOWN && waiting_is_for_page(c, r)) {
        waiting_begin(c, answer == ROUTE_FAILED);
        ask_page(c, r);
    } else
        answer_no_task(c, r, answer, host);
}

/* The request is for an environment: counts it, and finds a task or answers that there is none.
 * A request without credentials does not learn why there is no task. Tasks of one environment take
 * turns by its count. */
static void begin_environment(struct conn *c, struct http_request *r, const char *host,
                              size_t label)
{
    struct worker *w = c->worker;
    const struct config *config = w->shared->config;
    enum admit admit = admit_request(config, &config->listen.http[c->listen], conn_head(c), r);
    enum route_answer answer;
    struct route route;

    c->bodiless = admit == ADMIT_PREFLIGHT;
    if (admit == ADMIT_NOT) {
        reply_text(c, 403, "Forbidden");
        return;
    }
    answer = route_find(route_inbox_routes(&w->inbox), host, label, c->listen, &route);
    if (answer != ROUTE_READY) {
        if (admit == ADMIT_PREFLIGHT)
            reply_text(c, 403, "Forbidden");
        else
            begin_without_task(c, r, admit, answer, &route, host);
        return;
    }
    c->turn = (unsigned)count_request(c, r, admit, answer, &route);
    memcpy(c->subdomain, host, label);
    c->subdomain[label] = '\0';
    take_off_credentials(c, r);
    connect_next(c, r, false);
}

static void begin_host(struct conn *c, struct http_request *r)
{
    char host[HOST_SIZE];
    size_t label;

    c->subdomain[0] = '\0';
    switch (
        host_of(c->worker->shared->config, conn_head(c) + r->host.at, r->host.len, host, &label)) {
    case HOST_WEBAPI:
        take_off_credentials(c, r);
        connect_next(c, r, false);
        break;
    case HOST_ENVIRONMENT:
        begin_environment(c, r, host, label);
        break;
    case HOST_TOO_LONG:
        reply_text(c, 404, "%s is not found", host);
        break;
    case HOST_OTHER:
        health_answer(c);
        break;
    }
}

void exchange_begin(struct conn *c)
{
    struct http_request r;
    int status = http_parse_request(conn_head(c), c->head_len, &r);

    tally_begin(c);
    if (status == 0 && r.method == HTTP_METHOD_CONNECT) {
        status = 501;
        r.fields.fault = "CONNECT is for proxies of another kind";
    }
    if (status != 0) {
        c->request.done = false;
        reply_refuse(c, status, r.fields.fault);
        return;
    }
    access_log_note(c, &r);
    c->method = r.method;
    c->minor = r.minor;
    c->upgrade = r.upgrade;
    c->bodiless = c->waiting = c->failed = c->asleep = false;
    c->keep_alive = r.keep_alive;
    c->said_last = !r.keep_alive && r.body == HTTP_BODY_NONE;
    c->replayable = retry_is_safe(r.method);
    c->tries = 0;
    begin_body(c, &r);
    if (c->listen < c->worker->shared->config->listen.n_http)
        begin_host(c, &r);
    else
        metrics_page_answer(c, &r);
}

void exchange_resume(struct conn *c)
{
    struct http_request r;

    if (http_parse_request(conn_head(c), c->head_len, &r) == 0)
        begin_host(c, &r);
    else
        log_error("a head that was good is not any more");
}

void exchange_resume_joined(struct conn *c)
{
    struct http_request r;

    parse_again(c, &r);
    ask_page(c, &r);
}

/* --- when it breaks before an answer -----------------------------------------------------------
 */

/* The task's connection ended or broke before a byte of an answer. */
static void take_no_answer(struct conn *c)
{
    bool again = retry_is_due(c);
    struct http_request r;

    conn_drop_upstream(c);
    if (again)
        tally_add(&c->worker->tally->retries, 1);
    else
        tally_fail(c, TALLY_NO_ANSWER);
    if (!again && c->waiting) {
        waiting_reply_late(c);
        return;
    }
    if (!again) {
        bad_gateway_reply(c, "its task closed the connection without an answer");
        return;
    }
    c->in->start = c->head_at + c->head_len;
    parse_again(c, &r);
    begin_body(c, &r);
    connect_next(c, &r, true);
}

void exchange_connect_timeout(struct conn *c)
{
    const struct target *targets;
    enum route_answer answer;
    struct http_request r;

    conn_drop_upstream(c);
    tally_fail(c, TALLY_CONNECT_TIMEOUT);
    if (++c->tries < find_targets(c, &targets, &answer)) {
        parse_again(c, &r);
        connect_next(c, &r, false);
    } else if (c->waiting)
        waiting_reply_late(c);
    else {
        bad_gateway_warn(c, "connecting took too long");
        reply_text(c, 504, "%s: its task does not answer", bad_gateway_name(c));
    }
}

void exchange_answer_timeout(struct conn *c)
{
    struct http_request r;

    tally_fail(c, TALLY_ANSWER_TIMEOUT);
    if (c->waiting) {
        waiting_missed(c);
        return;
    }
    bad_gateway_warn(c, "no answer within network.proxy_timeout");
    if (c->head_len > 0) {
        const char *head = conn_head(c);
        parse_again(c, &r);
        reply_text(c, 504, "%s upstream timeout: http://%.*s%.*s", bad_gateway_name(c),
                   (int)r.host.len, head + r.host.at, (int)r.path.len, head + r.path.at);
    } else
        reply_text(c, 504, "%s upstream timeout", bad_gateway_name(c));
}

/* Whether the next step is the client's: to send more of its body, or to take what waits for it.
 * */
static bool waits_for_client(const struct conn *c)
{
    const struct upstream *u = c->upstream;

    return !outbuf_is_empty(&c->out) ||
           (!c->request.done && !u->write_failed && outbuf_is_empty(&u->out));
}

/* A client that stands still is closed after a while. A task may take its time; once it has the
 * whole request, as long as network.proxy_timeout says. */
static void set_timer(struct conn *c)
{
    if (waits_for_client(c))
        conn_wait_for(c, CONN_WAIT_CLIENT);
    else
        conn_wait_for(c, c->state == CONN_ANSWER && c->request.done ? CONN_WAIT_ANSWER
                                                                    : CONN_WAIT_TASK);
}

/* The attempt to connect to a task has come to its end. */
static void take_connection(struct conn *c)
{
    struct http_request r;

    parse_again(c, &r);
    if (!c->upstream->error) {
        relay_begin(c, &r);
        return;
    }
    conn_drop_upstream(c);
    tally_fail(c, TALLY_NO_CONNECTION);
    c->tries++;
    connect_next(c, &r, false);
}

void exchange_run(struct conn *c)
{
    struct upstream *u = c->upstream;
    enum relay result;

    if (c->state == CONN_CONNECT) {
        if (u->error || u->state == UPSTREAM_BUSY)
            take_connection(c);
        return; /* the new state has its turn next */
    }
    result = relay_request(c);
    if (result == RELAY_WAITS)
        result = relay_answer(c);
    if (result == RELAY_NO_ANSWER)
        take_no_answer(c);
    if (c->state == CONN_ANSWER || c->state == CONN_BODY)
        set_timer(c);
}
