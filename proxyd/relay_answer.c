/* The answer's way to the client. */
#include "relay.h"

#include <stdio.h>

#include "access_log.h"
#include "bad_gateway.h"
#include "conn.h"
#include "credentials.h"
#include "reply.h"
#include "tunnel.h"
#include "upstream.h"
#include "waiting.h"
#include "worker.h"

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

/* An interim answer goes to clients of HTTP/1.1; 101 ends HTTP. Returns false when the exchange
 * is over. */
static bool take_interim(struct conn *c, const struct http_response *r, const char *head,
                         const char *behind, size_t len)
{
    struct worker *w = c->worker;
    struct forward_plan plan = {.keep_alive = true};

    if (r->status == 101 && !(c->upgrade && r->upgrade && c->request.done)) {
        bad_gateway_reply(c, "its task changed the protocol unasked");
        return false;
    }
    if (r->status == 101 && w->draining) { /* a tunnel would not end by itself */
        reply_text(c, 503, "the proxy stops");
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
    c->status = r->status;
    c->by = *c->subdomain ? TALLY_TASK : TALLY_WEB;
    access_log_note_task(c);
    tunnel_begin(c, behind, len);
    return false;
}

/* Takes the body off an answer that may have none. Its connection ends with the bytes still in it.
 */
static void take_off_body(struct http_response *r)
{
    if (r->body == HTTP_BODY_NONE)
        return;
    r->body = HTTP_BODY_LENGTH;
    r->content_length = 0;
    r->keep_alive = false;
}

static void begin_answer(struct conn *c, const struct http_response *r, const char *head)
{
    struct worker *w = c->worker;
    struct forward_plan plan =
        forward_plan(r, c->minor, c->keep_alive && c->request.done && !w->draining);

    c->status = r->status;
    c->by = c->waiting ? TALLY_PAGE : *c->subdomain ? TALLY_TASK : TALLY_WEB;
    access_log_note_task(c);
    c->keep_alive = plan.keep_alive;
    c->upstream->keep_alive = r->keep_alive && r->body != HTTP_BODY_UNTIL_CLOSE;
    body_begin(&c->response, r->body, r->content_length, plan.out_chunked);
    c->response.chunked.padded = true;
    forward_response(&w->forward, head, r, c->minor, &plan);
    outbuf_hold(&c->out, w->forward.iov, w->forward.n);
    conn_set_state(c, CONN_BODY);
}

/* The answer breaks a rule of HTTP, and nothing of it went to the client. */
static void refuse_answer(struct conn *c, const char *fault)
{
    char reason[192];

    tally_fail(c, TALLY_MALFORMED);
    if (c->waiting) {
        waiting_reply_late(c);
        return;
    }
    snprintf(reason, sizeof reason, "its task's answer is not valid HTTP: %s", fault);
    bad_gateway_reply(c, reason);
}

/* Takes heads from bytes[*used..len) until the final one, or until more is needed. false when the
 * exchange has been ended. */
static bool take_heads(struct conn *c, const char *bytes, size_t len, size_t *used)
{
    struct upstream *u = c->upstream;
    struct http_response r;

    while (c->state == CONN_ANSWER && *used < len) {
        const char *head = bytes + *used;
        long n = http_head_end(head, len - *used, false, &u->scanned);
        if (n == 0 && len - *used <= HTTP_HEAD_MAX)
            return true;
        if (n <= 0 || n > HTTP_HEAD_MAX) {
            refuse_answer(c, n < 0 ? "a bare CR or LF, or a control byte, is in its head"
                                   : "its head is longer than 32 KiB");
            return false;
        }
        if (http_parse_response(head, (size_t)n, c->method, &r) < 0) {
            refuse_answer(c, r.fields.fault);
            return false;
        }
        u->scanned = 0;
        if (c->waiting && !waiting_is_page(head, &r)) { /* the web server's own, say */
            waiting_reply_late(c);
            return false;
        }
        if (c->page && !waiting_keep_page(c, head, len - *used, (size_t)n, &r))
            return true;
        *used += (size_t)n;
        if (*c->subdomain)
            credentials_guard(head, &r);
        if (c->bodiless)
            take_off_body(&r);
        if (r.status >= 200)
            begin_answer(c, &r, head);
        else if (!take_interim(c, &r, head, bytes + *used, len - *used))
            return false;
    }
    return true;
}

/* No more of the answer comes. Where neither a length nor chunks say so, only a reset tells the
 * client that it is not whole. */
static void cut_off(struct conn *c, const char *reason)
{
    bad_gateway_warn(c, reason);
    tally_fail(c, TALLY_BROKEN_OFF);
    if (c->response.out_chunked || c->response.in == HTTP_BODY_LENGTH)
        conn_close(c, "the answer is not whole");
    else
        conn_abort(c, "the answer is not whole");
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
        if (c->out.n_held > 0) { /* of this answer nothing went to the client */
            c->out.n_held = 0;
            refuse_answer(c, "its chunks or trailers are malformed");
        } else
            cut_off(c, "its task's answer is not valid HTTP: its chunks or trailers are malformed");
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
static enum relay answer_ended(struct conn *c, bool broke)
{
    if (c->state == CONN_ANSWER)
        return RELAY_NO_ANSWER;
    /* A failed write took the error from the socket: this end of the stream need not be a clean
     * one.
     * */
    if (broke || c->upstream->write_failed || body_end(&c->response, &c->out, c->fd) != BODY_OK)
        cut_off(c, "its task broke off an answer");
    else
        finish(c, false);
    return RELAY_ENDED;
}

/* Moves a part of a long body. */
static enum relay splice_answer(struct conn *c, struct pipe *p)
{
    struct upstream *u = c->upstream;
    enum io_read read = pipe_fill(p, u->fd, c->response.left, &u->can_read);

    if (read != IO_SOME) {
        pipe_put(&p);
        return read == IO_NOTHING ? RELAY_WAITS : answer_ended(c, read == IO_BROKE);
    }
    body_skip(&c->response, p->held);
    if (outbuf_pipe(&c->out, c->fd, p) == OUTBUF_FAILED) {
        conn_close(c, "the client left");
        return RELAY_ENDED;
    }
    if (c->response.done) {
        finish(c, true);
        return RELAY_ENDED;
    }
    return outbuf_is_empty(&c->out) ? RELAY_MOVED : RELAY_WAITS;
}

/* Reads once from the task, in front of it what was left over. */
static enum relay read_answer(struct conn *c)
{
    struct worker *w = c->worker;
    struct upstream *u = c->upstream;
    const char *bytes = w->scratch;
    size_t used, len, room = u->in ? BLOCK_LARGE - (u->in->end - u->in->start) : OUTBUF_READ_MAX;
    enum io_read read = conn_receive(u->fd, w->scratch, room, &u->can_read, u->hung_up, &len);

    if (read != IO_SOME)
        return read == IO_NOTHING ? RELAY_WAITS : answer_ended(c, read == IO_BROKE);
    c->replayable = false;
    if (u->in) {
        if (!block_append(&w->blocks, &u->in, bytes, len)) {
            conn_abort(c, "an answer's head or trailers are too long");
            return RELAY_ENDED;
        }
        bytes = u->in->bytes + u->in->start;
        len = u->in->end - u->in->start;
    }
    if (!take_answer(c, bytes, len, &used))
        return RELAY_ENDED;
    if (c->response.done && c->state == CONN_BODY) {
        finish(c, used == len);
        return RELAY_ENDED;
    }
    if (u->in) {
        u->in->start += used;
        if (u->in->start == u->in->end)
            block_put(&w->blocks, &u->in);
    } else if (used < len && !block_append(&w->blocks, &u->in, bytes + used, len - used)) {
        conn_abort(c, "out of memory");
        return RELAY_ENDED;
    }
    return outbuf_is_empty(&c->out) ? RELAY_MOVED : RELAY_WAITS;
}

enum relay relay_answer(struct conn *c)
{
    switch (outbuf_flush(&c->out, c->fd)) {
    case OUTBUF_DONE:
        break;
    case OUTBUF_WAITS:
        return RELAY_WAITS;
    case OUTBUF_FAILED:
        conn_close(c, "the client left");
        return RELAY_ENDED;
    }
    for (int turn = 0; c->upstream->can_read; turn++) {
        enum relay result;
        struct pipe *p = NULL;
        if (turn == CONN_TURN) {
            conn_rearm(c->worker, c->upstream->fd, c->upstream);
            break;
        }
        if (c->state == CONN_BODY && body_is_long(&c->response))
            p = pipe_get(&c->worker->pipes);
        result = p ? splice_answer(c, p) : read_answer(c);
        if (result != RELAY_MOVED)
            return result;
    }
    return RELAY_WAITS;
}
