#include "hold.h"

#include <string.h>

#include "conn.h"
#include "worker.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether the client does not want to wait. */
static bool prefers_no_wait(const char *head, const struct http_request *r)
{
    static const char wait[] = "wait=0";
    const size_t n = sizeof wait - 1;

    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        const char *value = head + f->value.at, *end = value + f->value.len, *at = value;
        if (!http_name_is(head + f->name.at, f->name.len, "prefer"))
            continue;
        for (; (at = memmem(at, (size_t)(end - at), wait, n)); at += n)
            if (at + n == end || !is_digit(at[n]))
                return true;
    }
    return false;
}

bool hold_is_due(const struct conn *c, const struct http_request *r, enum route_answer answer,
                 enum visitor visitor, bool wakes)
{
    struct worker *w = c->worker;
    const struct config *config = w->shared->config;

    if (config->wake.hold_ms == 0 || visitor != VISITOR_CLIENT || w->draining ||
        !(answer == ROUTE_STARTING || (answer == ROUTE_ASLEEP && wakes)))
        return false;
    if (c->state == CONN_HELD)
        return true;
    return atomic_load(&w->shared->n_held) < (unsigned)config->wake.held &&
           !prefers_no_wait(conn_head(c), r);
}

void hold_begin(struct conn *c)
{
    if (c->state != CONN_HELD)
        conn_set_state(c, CONN_HELD);
}
