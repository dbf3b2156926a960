#include "conn_head.h"

#include <string.h>

#include "conn.h"
#include "crowd.h"
#include "exchange.h"
#include "reply.h"
#include "worker.h"

static void refuse_head(struct conn *c, int status, const char *why)
{
    tally_begin(c);
    c->request.done = false; /* nothing that follows is a request */
    reply_refuse(c, status, why);
}

/* A head that does not end: its first line is too long, or all of it is. */
static void refuse_long_head(struct conn *c)
{
    size_t len = c->in->end - c->in->start;
    size_t line = HTTP_TARGET_MAX + 64; /* and method and version */

    if (memchr(c->in->bytes + c->in->start, '\n', len < line ? len : line))
        refuse_head(c, 431, "its head is longer than 32 KiB");
    else
        refuse_head(c, 414, "its target is longer than 16 KiB");
}

/* Looks whether the head is whole, and begins the exchange if it is. false: more is needed. */
static bool take_head(struct conn *c)
{
    struct block *b = c->in;
    long n;

    if (!b || b->start == b->end)
        return false;
    n = http_head_end(b->bytes + b->start, b->end - b->start, true, &c->scanned);
    if (n == 0 && b->end - b->start <= HTTP_HEAD_MAX)
        return false;
    c->method = HTTP_METHOD_OTHER;
    c->minor = 1;
    if (n < 0)
        refuse_head(c, 400,
                    "it is no HTTP/1.x: another protocol, a bare CR or LF, or a control byte");
    else if (n == 0 || n > HTTP_HEAD_MAX)
        refuse_long_head(c);
    else {
        c->head_at = b->start;
        c->head_len = (size_t)n;
        b->start += (size_t)n;
        c->scanned = 0;
        exchange_begin(c);
    }
    return true;
}

static void end_of_input(struct conn *c)
{
    conn_close(c, c->state == CONN_HEAD ? "the client left amid a head" : "the client ended it");
}

void conn_read_head(struct conn *c)
{
    struct worker *w = c->worker;

    while (c->state <= CONN_HEAD) {
        size_t n;
        if (take_head(c))
            return;
        if (!c->can_read)
            break;
        if (!c->in && !(c->in = block_get(&w->blocks))) {
            conn_close(c, "out of memory");
            return;
        }
        if (c->in->end == c->in->cap && !block_make_room(&w->blocks, &c->in)) {
            conn_close(c, "out of memory");
            return;
        }
        switch (conn_receive(c->fd, c->in->bytes + c->in->end, c->in->cap - c->in->end,
                             &c->can_read, c->hung_up, &n)) {
        case IO_SOME:
            c->in->end += n;
            break;
        case IO_NOTHING:
            break;
        case IO_END:
        case IO_BROKE:
            end_of_input(c);
            return;
        }
    }
    if (c->in && c->in->start == c->in->end)
        block_put(&w->blocks, &c->in);
    else if (c->in) {
        if (c->state != CONN_HEAD)
            conn_set_state(c, CONN_HEAD);
        conn_count_head(c);
        crowd_bound_heads(c);
    }
}
