#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "reply.h"
#include "route.h"
#include "tunnel.h"
#include "upstream.h"
#include "worker.h"

#define HOST_MAX 256

static void connect_next(struct conn *c, bool fresh);

static const char *head_of(const struct conn *c)
{
    return c->in->bytes + c->head_at;
}

/* Reads the head again that exchange_begin() found good; w->request holds one at a time. */
static void parse_again(struct conn *c)
{
    if (http_parse_request(head_of(c), c->head_len, &c->worker->request) != 0)
        log_error("a head that was good is not any more");
}

/* --- finding the task ------------------------------------------------------------------------- */

static bool is_idempotent(enum http_method method) /* RFC 9110, 9.2.2 */
{
    switch (method) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
    case HTTP_METHOD_OPTIONS:
    case HTTP_METHOD_TRACE:
    case HTTP_METHOD_PUT:
    case HTTP_METHOD_DELETE:
        return true;
    default:
        return false;
    }
}

static void begin_body(struct conn *c, const struct http_request *r)
{
    body_begin(&c->request, r->body, r->content_length, r->body == HTTP_BODY_CHUNKED);
    c->starved = false;
}

static bool accepts_html(const struct conn *c)
{
    const struct http_fields *fields = &c->worker->request.fields;

    for (size_t i = 0; i < fields->len; i++) {
        const struct http_field *f = &fields->items[i];
        if (f->id == HTTP_FIELD_ACCEPT &&
            memmem(head_of(c) + f->value.at, f->value.len, "text/html", 9))
            return true;
    }
    return false;
}

static void answer_health(struct conn *c)
{
    if (atomic_load_explicit(&c->worker->shared->healthy, memory_order_relaxed))
        reply_text(c, 200, "mirage-ecs");
    else
        reply_text(c, 503, "mirage-ecs: the tasks were not looked at yet");
}

/* The request is for an environment: counts it, and finds a task or answers that there is none. */
static void begin_environment(struct conn *c, const char *host, size_t label)
{
    struct worker *w = c->worker;
    struct route route;

    switch (route_find(w->routes, host, label, c->listen, &route)) {
    case ROUTE_UNKNOWN:
        reply_text(c, 404, "%s is not found", host);
        return;
    case ROUTE_STARTING:
        count_access(w->counts, route.counter);
        reply_starting(c, host, accepts_html(c));
        return;
    case ROUTE_READY:
        break;
    }
    count_access(w->counts, route.counter);
    c->counter = route.counter;
    timer_set(&c->tick, &w->timers[TIMER_TICK], w->now);
    memcpy(c->subdomain, host, label);
    c->subdomain[label] = '\0';
    c->turn = w->turn++;
    connect_next(c, false);
}

/* Who the Host is. host is lower case and ends with NUL. */
static void begin_host(struct conn *c, const char *host, size_t len)
{
    const struct config *config = c->worker->shared->config;
    const char *suffix = config->host.reverse_proxy_suffix;
    size_t suffix_len = strlen(suffix);

    c->subdomain[0] = '\0';
    if (!strcmp(host, config->host.webapi))
        connect_next(c, false);
    else if (len <= suffix_len || strcmp(host + len - suffix_len, suffix) != 0)
        answer_health(c);
    else if (strcspn(host, ".") >= CONN_SUBDOMAIN_MAX)
        reply_text(c, 404, "%s is not found", host);
    else
        begin_environment(c, host, strcspn(host, "."));
}

void exchange_begin(struct conn *c)
{
    struct http_request *r = &c->worker->request;
    int status = http_parse_request(head_of(c), c->head_len, r);
    char host[HOST_MAX];

    if (status == 0 && r->method == HTTP_METHOD_CONNECT)
        status = 501;
    if (status == 0 && r->host.len >= sizeof host)
        status = 400;
    if (status != 0) {
        c->request.done = false;
        reply_refuse(c, status);
        return;
    }
    c->method = r->method;
    c->minor = r->minor;
    c->upgrade = r->upgrade;
    c->keep_alive = r->keep_alive && !c->hung_up;
    c->replayable = is_idempotent(r->method);
    c->tries = 0;
    begin_body(c, r);
    for (size_t i = 0; i < r->host.len; i++) {
        char byte = head_of(c)[r->host.at + i];
        host[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    host[r->host.len] = '\0';
    begin_host(c, host, r->host.len);
}

/* --- when it breaks before an answer -----------------------------------------------------------
 */

static const char *name_of(const struct conn *c)
{
    return *c->subdomain ? c->subdomain : "the web API";
}

static void bad_gateway(struct conn *c, const char *reason)
{
    log_warn("%s: %s", name_of(c), reason);
    reply_text(c, 502, "%s: %s", name_of(c), reason);
}

static void send_request(struct conn *c);

/* The targets of the request now: the routes may have changed since the last attempt. */
static size_t find_targets(struct conn *c, const struct target **targets)
{
    struct worker *w = c->worker;
    struct route route;

    if (!*c->subdomain) {
        *targets = &w->shared->web;
        return 1;
    }
    if (route_find(w->routes, c->subdomain, strlen(c->subdomain), c->listen, &route) != ROUTE_READY)
        return 0;
    *targets = route.targets;
    return route.n_targets;
}

/* Connects to the next target that has not refused; answers when there is none left. */
static void connect_next(struct conn *c, bool fresh)
{
    const struct target *targets;
    size_t n = find_targets(c, &targets);
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
                send_request(c);
            return;
        }
        if (error == EMFILE || error == ENFILE || error == ENOMEM) {
            log_error("%s: cannot connect: %s", name_of(c), strerror(error));
            reply_text(c, 503, "%s: the proxy is out of resources", name_of(c));
            return;
        }
        c->tries++;
    }
    if (n == 0)
        bad_gateway(c, "its task has ended");
    else
        bad_gateway(c, *c->subdomain ? "its task accepts no connection"
                                     : "the web server does not answer");
}

static void drop_upstream(struct conn *c)
{
    upstream_close(c->upstream);
    c->upstream = NULL;
}

/* The task's connection ended or broke before a byte of an answer. One that had served before may
 * have been closed while idle: then the request goes once more, on a new one. */
static void no_answer(struct conn *c, const char *reason)
{
    bool again = c->upstream->reused && c->replayable && c->head_len > 0;

    drop_upstream(c);
    if (!again) {
        bad_gateway(c, reason);
        return;
    }
    c->in->start = c->head_at + c->head_len;
    parse_again(c);
    begin_body(c, &c->worker->request);
    connect_next(c, true);
}

void exchange_connect_timeout(struct conn *c)
{
    const struct target *targets;

    drop_upstream(c);
    if (++c->tries < find_targets(c, &targets))
        connect_next(c, false);
    else {
        log_warn("%s: connecting took too long", name_of(c));
        reply_text(c, 504, "%s: its task does not answer", name_of(c));
    }
    conn_run(c);
}

void exchange_answer_timeout(struct conn *c)
{
    struct worker *w = c->worker;

    log_warn("%s: no answer within network.proxy_timeout", name_of(c));
    if (c->head_len > 0) {
        const char *head = head_of(c);
        parse_again(c);
        reply_text(c, 504, "%s upstream timeout: http://%.*s%.*s", name_of(c),
                   (int)w->request.host.len, head + w->request.host.at, (int)w->request.path.len,
                   head + w->request.path.at);
    } else
        reply_text(c, 504, "%s upstream timeout", name_of(c));
    conn_run(c);
}

void exchange_tick(struct conn *c)
{
    struct worker *w = c->worker;

    count_access(w->counts, c->counter);
    timer_set(&c->tick, &w->timers[TIMER_TICK], w->now);
}

/* --- the request's way ------------------------------------------------------------------------ */

/* The task takes no more of the request. It may have answered before it closed. */
static void write_failed(struct conn *c)
{
    struct upstream *u = c->upstream;

    u->write_failed = true;
    u->can_read = true;
    u->hung_up = true;
    outbuf_free(&u->out);
}

/* Puts bytes that were read but not used into the block. */
static bool keep_rest(struct conn *c, const char *bytes, size_t len)
{
    if (len == 0)
        return true;
    if (outbuf_release(&c->upstream->out, c->upstream->fd) == OUTBUF_FAILED)
        write_failed(c); /* the block moves: what is held in it must be gone */
    c->head_len = 0;
    return block_append(&c->worker->blocks, &c->in, bytes, len);
}

/* How much to receive at once: nothing behind a body whose length is known, and never more than the
 * block can keep of what lies behind a body, or of trailers that are not whole. */
static size_t room_for_input(const struct conn *c)
{
    size_t kept = c->in ? c->in->end - c->in->start : 0;

    if (c->request.in == HTTP_BODY_LENGTH)
        return c->request.left < OUTBUF_READ_MAX ? (size_t)c->request.left : OUTBUF_READ_MAX;
    return BLOCK_LARGE - kept;
}

/* What there is of the request's body: in the block, or just received into the scratch. Its length,
 * 0 when there is nothing now, -1 when the client is gone. */
static long next_input(struct conn *c, const char **bytes)
{
    struct worker *w = c->worker;
    bool some = c->in && c->in->start < c->in->end;
    long n;

    if (some && !c->starved) {
        *bytes = c->in->bytes + c->in->start;
        return (long)(c->in->end - c->in->start);
    }
    if (!c->can_read)
        return 0;
    n = conn_receive(c->fd, w->scratch, room_for_input(c), &c->can_read, c->hung_up);
    if (n <= 0)
        return n == -1 ? 0 : -1;
    *bytes = w->scratch;
    if (!some)
        return n;
    if (!keep_rest(c, w->scratch, (size_t)n))
        return -1;
    *bytes = c->in->bytes + c->in->start;
    return (long)(c->in->end - c->in->start);
}

/* Accounts for `used` of the bytes that next_input() gave. false: no memory for the rest. */
static bool use_input(struct conn *c, const char *bytes, size_t len, size_t used)
{
    if (bytes != c->worker->scratch) {
        c->in->start += used;
        c->starved = used == 0;
        if (c->in->start == c->in->end && c->head_len == 0)
            block_put(&c->worker->blocks, &c->in);
        return true;
    }
    c->replayable = false;
    c->starved = used < len && !c->request.done;
    return keep_rest(c, bytes + used, len - used);
}

/* false when the exchange has been ended. */
static bool relay_request(struct conn *c)
{
    struct upstream *u = c->upstream;

    if (!u->write_failed && outbuf_flush(&u->out, u->fd) == OUTBUF_FAILED)
        write_failed(c);
    for (int turn = 0; !c->request.done && !u->write_failed && outbuf_is_empty(&u->out); turn++) {
        const char *bytes;
        size_t used;
        long n = turn < CONN_TURN ? next_input(c, &bytes) : 0;
        if (turn == CONN_TURN)
            conn_rearm(c->worker, c->fd, c);
        if (n == 0)
            break;
        if (n < 0) {
            conn_close(c, "the client left amid its request");
            return false;
        }
        switch (body_pass(&c->request, bytes, (size_t)n, &used, &u->out, u->fd)) {
        case BODY_OK:
            break;
        case BODY_MALFORMED:
            if (c->state == CONN_ANSWER)
                reply_refuse(c, 400);
            else
                conn_close(c, "malformed request body");
            return false;
        case BODY_FAILED:
            write_failed(c);
            continue;
        }
        if (!use_input(c, bytes, (size_t)n, used)) {
            conn_close(c, "out of memory");
            return false;
        }
    }
    return true;
}

/* Sends the head, and in one call with it what is there of the body. */
static void send_request(struct conn *c)
{
    struct worker *w = c->worker;
    struct upstream *u = c->upstream;

    conn_set_state(c, CONN_ANSWER);
    forward_request(&w->forward, head_of(c), &w->request, c->peer);
    outbuf_hold(&u->out, w->forward.iov, w->forward.n);
    if (!relay_request(c))
        return;
    if (!u->write_failed && outbuf_release(&u->out, u->fd) == OUTBUF_FAILED)
        write_failed(c);
}

/* --- the answer's way ------------------------------------------------------------------------- */

static void finish(struct conn *c, bool clean)
{
    struct upstream *u = c->upstream;

    c->upstream = NULL;
    if (clean && u->keep_alive && c->request.done)
        upstream_release(u);
    else
        upstream_close(u);
    if (!c->request.done)
        c->keep_alive = false;
    if (outbuf_is_empty(&c->out))
        conn_next(c);
    else
        conn_set_state(c, CONN_REPLY);
}

/* An interim answer goes to clients that know them; 101 ends HTTP. Returns false when there is
 * nothing more to do for the exchange. */
static bool take_interim(struct conn *c, const char *head, const char *behind, size_t len)
{
    struct worker *w = c->worker;
    const struct http_response *r = &w->response;
    struct forward_plan plan = {.keep_alive = true};

    if (r->status == 101 && !(c->upgrade && r->upgrade && c->request.done)) {
        drop_upstream(c);
        bad_gateway(c, "its task changed the protocol unasked");
        return false;
    }
    if (c->minor == 0)
        return true;
    forward_response(&w->forward, head, r, c->minor, &plan);
    if (outbuf_write(&c->out, c->fd, w->forward.iov, w->forward.n) == OUTBUF_FAILED) {
        conn_close(c, "the client left");
        return false;
    }
    if (r->status != 101)
        return true;
    conn_drop_head(c);
    tunnel_begin(c, behind, len);
    return false;
}

static void begin_answer(struct conn *c, const char *head)
{
    struct worker *w = c->worker;
    const struct http_response *r = &w->response;
    struct forward_plan plan =
        forward_plan(r, c->minor, c->keep_alive && c->request.done && !w->draining);

    c->keep_alive = plan.keep_alive;
    c->upstream->keep_alive = r->keep_alive && r->body != HTTP_BODY_UNTIL_CLOSE;
    body_begin(&c->response, r->body, r->content_length, plan.out_chunked);
    forward_response(&w->forward, head, r, c->minor, &plan);
    outbuf_hold(&c->out, w->forward.iov, w->forward.n);
    conn_set_state(c, CONN_BODY);
}

/* Takes heads from bytes[*used..len) until the final one, or until more is needed. false when the
 * exchange has been ended. */
static bool take_heads(struct conn *c, const char *bytes, size_t len, size_t *used)
{
    struct upstream *u = c->upstream;
    struct http_response *r = &c->worker->response;

    while (c->state == CONN_ANSWER && *used < len) {
        const char *head = bytes + *used;
        long n = http_head_end(head, len - *used, false, &u->scanned);
        if (n == 0 && len - *used <= HTTP_HEAD_MAX)
            return true;
        if (n <= 0 || n > HTTP_HEAD_MAX || http_parse_response(head, (size_t)n, c->method, r) < 0) {
            drop_upstream(c);
            bad_gateway(c, "its task's answer is no HTTP");
            return false;
        }
        u->scanned = 0;
        *used += (size_t)n;
        if (r->status >= 200)
            begin_answer(c, head);
        else if (!take_interim(c, head, bytes + *used, len - *used))
            return false;
    }
    return true;
}

/* Takes bytes of the answer. false when the exchange has been ended. */
static bool take_answer(struct conn *c, const char *bytes, size_t len, size_t *used)
{
    size_t more = 0;

    *used = 0;
    if (!take_heads(c, bytes, len, used))
        return false;
    if (c->state != CONN_BODY)
        return true;
    switch (body_pass(&c->response, bytes + *used, len - *used, &more, &c->out, c->fd)) {
    case BODY_OK:
        break;
    case BODY_MALFORMED:
        log_warn("%s: its task's answer is malformed", name_of(c));
        conn_abort(c, "malformed answer");
        return false;
    case BODY_FAILED:
        conn_close(c, "the client left");
        return false;
    }
    *used += more;
    if (outbuf_release(&c->out, c->fd) == OUTBUF_FAILED) {
        conn_close(c, "the client left");
        return false;
    }
    conn_drop_head(c);
    return true;
}

/* The task has ended or broken its connection. */
static void answer_ended(struct conn *c, bool broke)
{
    if (c->state == CONN_ANSWER) {
        if (c->upstream->in)
            c->replayable = false;
        no_answer(c, "its task closed the connection without an answer");
        return;
    }
    if (broke || body_end(&c->response, &c->out, c->fd) != BODY_OK) {
        log_warn("%s: its task broke off an answer", name_of(c));
        /* Without a length or chunks only a reset tells the client that this was not all. */
        if (c->response.out_chunked || c->response.in == HTTP_BODY_LENGTH)
            conn_close(c, "the answer is not whole");
        else
            conn_abort(c, "the answer is not whole");
        return;
    }
    finish(c, false);
}

/* Reads once from the task, in front of it what was left over. false when there is no more to do.
 */
static bool read_answer(struct conn *c)
{
    struct worker *w = c->worker;
    struct upstream *u = c->upstream;
    const char *bytes = w->scratch;
    size_t used, len, room = u->in ? BLOCK_LARGE - (u->in->end - u->in->start) : OUTBUF_READ_MAX;
    long n = conn_receive(u->fd, w->scratch, room, &u->can_read, u->hung_up);

    if (n == -1)
        return false;
    if (n <= 0) {
        answer_ended(c, n == -2);
        return false;
    }
    len = (size_t)n;
    if (u->in) {
        if (!block_append(&w->blocks, &u->in, bytes, len)) {
            conn_abort(c, "an answer's head or trailers are too long");
            return false;
        }
        bytes = u->in->bytes + u->in->start;
        len = u->in->end - u->in->start;
    }
    if (!take_answer(c, bytes, len, &used))
        return false;
    if (c->response.done && c->state == CONN_BODY) {
        finish(c, used == len);
        return false;
    }
    if (u->in) {
        u->in->start += used;
        if (u->in->start == u->in->end)
            block_put(&w->blocks, &u->in);
    } else if (used < len && !block_append(&w->blocks, &u->in, bytes + used, len - used)) {
        conn_abort(c, "out of memory");
        return false;
    }
    return outbuf_is_empty(&c->out);
}

static void relay_answer(struct conn *c)
{
    switch (outbuf_flush(&c->out, c->fd)) {
    case OUTBUF_DONE:
        break;
    case OUTBUF_WAITS:
        return;
    case OUTBUF_FAILED:
        conn_close(c, "the client left");
        return;
    }
    for (int turn = 0; c->upstream && c->upstream->can_read; turn++) {
        if (turn == CONN_TURN) {
            conn_rearm(c->worker, c->upstream->fd, c->upstream);
            return;
        }
        if (!read_answer(c))
            return;
    }
}

void exchange_run(struct conn *c)
{
    struct upstream *u = c->upstream;

    if (c->state == CONN_CONNECT) {
        if (u->error) {
            drop_upstream(c);
            c->tries++;
            connect_next(c, false);
        } else if (u->state == UPSTREAM_BUSY) {
            parse_again(c);
            send_request(c);
        }
        return;
    }
    if (relay_request(c) && c->upstream)
        relay_answer(c);
}
