#include "waiting.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "auth_cookie.h"

#include "conn.h"
#include "reply.h"
#include "worker.h"

/* After a miss nobody waits for mirage-api for so long: it may stand still. */
#define PAUSE_MS 1000

static bool accepts(const char *head, const struct http_request *r, const char *type)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_ACCEPT &&
            memmem(head + f->value.at, f->value.len, type, strlen(type)))
            return true;
    }
    return false;
}

static enum reply_type reply_type(const char *head, const struct http_request *r)
{
    if (accepts(head, r, "text/html"))
        return REPLY_HTML;
    return accepts(head, r, "application/json") ? REPLY_JSON : REPLY_TEXT;
}

bool waiting_is_for_page(const struct conn *c, const struct http_request *r)
{
    const struct worker *w = c->worker;

    return (r->method == HTTP_METHOD_GET || r->method == HTTP_METHOD_HEAD) &&
           r->body == HTTP_BODY_NONE && !r->upgrade && reply_type(conn_head(c), r) != REPLY_TEXT &&
           (w->page_missed_at == 0 || w->now - w->page_missed_at >= PAUSE_MS);
}

void waiting_begin(struct conn *c, bool failed)
{
    struct worker *w = c->worker;

    c->waiting = true;
    c->failed = failed;
    c->subdomain[0] = '\0';
    timer_set(&c->tick, &w->timers[TIMER_WAITING], w->now);
}

/* The request's host, without a port and in lower case. It is an environment's. */
static void read_host(const struct conn *c, const struct http_request *r, char *host)
{
    size_t label;
    const enum host kind =
        host_of(c->worker->shared->config, conn_head(c) + r->host.at, r->host.len, host, &label);

    assert(kind == HOST_ENVIRONMENT);
    (void)kind;
}

/* Our own cookie, if a valid one is there: mirage-api shows names to who has it. */
static struct http_slice find_cookie(const struct conn *c, const struct http_request *r)
{
    const struct config_strings *secrets = &c->worker->shared->config->auth.cookie_secret;
    const char *head = conn_head(c), *token;
    const int64_t now = (int64_t)time(NULL);
    size_t len;

    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_COOKIE &&
            auth_cookie_find(head + f->value.at, f->value.len, secrets, now, &token, &len))
            return (struct http_slice){(uint32_t)(token - head), (uint32_t)len};
    }
    return (struct http_slice){0};
}

void waiting_forward(struct conn *c, const struct http_request *r, char *host)
{
    read_host(c, r, host);
    forward_waiting(&c->worker->forward, conn_head(c), r, host, find_cookie(c, r), !c->asleep);
}

/* Sends the page that another one has got. */
static void send_kept(struct conn *c, const struct http_request *request,
                      const struct page_slot *slot)
{
    struct worker *w = c->worker;
    struct forward *f = &w->forward;
    struct forward_plan plan;
    struct http_response r;

    if (http_parse_response(slot->answer, slot->head_len, c->method, &r) < 0) {
        waiting_reply(c, request);
        return;
    }
    c->status = r.status;
    c->by = TALLY_PAGE;
    plan = forward_plan(&r, c->minor, c->keep_alive && !w->draining);
    c->keep_alive = plan.keep_alive;
    forward_response(f, slot->answer, &r, c->minor, &plan);
    f->iov[f->n++] = (struct iovec){slot->answer + slot->head_len, slot->len - slot->head_len};
    conn_drop_head(c);
    if (outbuf_write(&c->out, c->fd, f->iov, f->n) == OUTBUF_FAILED)
        conn_close(c, "the client left");
    else
        conn_set_state(c, CONN_REPLY);
}

bool waiting_is_shared(struct conn *c, const struct http_request *r)
{
    struct worker *w = c->worker;
    struct page_slot *slot;
    char host[HOST_SIZE];

    waiting_forward(c, r, host);
    slot = page_share_slot(&w->pages, w->forward.iov, w->forward.n, w->now);
    if (!slot)
        return false;
    if (slot->asked) {
        if (c->state != CONN_JOINED)
            conn_set_state(c, CONN_JOINED);
        return true;
    }
    if (!page_slot_is_fresh(slot, w->now)) {
        slot->asked = true;
        c->page = slot;
        return false;
    }
    if (slot->kind == PAGE_KEPT)
        send_kept(c, r, slot);
    else if (slot->kind == PAGE_ABSENT)
        waiting_reply(c, r);
    return slot->kind != PAGE_UNSHARED;
}

bool waiting_keep_page(struct conn *c, const char *answer, size_t len, size_t head_len,
                       const struct http_response *r)
{
    const uint64_t body = r->body == HTTP_BODY_LENGTH ? r->content_length : 0;
    const bool is_bounded = r->body == HTTP_BODY_LENGTH || r->body == HTTP_BODY_NONE;

    if (!is_bounded || body > PAGE_SHARE_MAX - head_len)
        page_slot_mark(c->page, PAGE_UNSHARED, c->worker->now);
    else if (body > len - head_len)
        return false;
    else
        page_slot_keep(c->page, answer, head_len + body, head_len, c->worker->now);
    return true;
}

bool waiting_is_page(const char *head, const struct http_response *r)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (http_name_is(head + f->name.at, f->name.len, "mirage-state"))
            return r->status == 503;
    }
    return false;
}

void waiting_reply(struct conn *c, const struct http_request *r)
{
    char host[HOST_SIZE];

    if (c->page)
        page_slot_mark(c->page, PAGE_ABSENT, c->worker->now);
    read_host(c, r, host);
    if (c->failed)
        reply_text(c, 404, "%s is not found", host);
    else
        reply_not_ready(c, host, reply_type(conn_head(c), r));
}

void waiting_reply_late(struct conn *c)
{
    struct http_request r;

    if (c->head_len > 0 && http_parse_request(conn_head(c), c->head_len, &r) == 0)
        waiting_reply(c, &r);
    else
        reply_text(c, 503, "it is starting");
}

void waiting_missed(struct conn *c)
{
    c->worker->page_missed_at = c->worker->now;
    waiting_reply_late(c);
}
