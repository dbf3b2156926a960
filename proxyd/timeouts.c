#include "timeouts.h"

#include "container_of.h"

#include "conn.h"
#include "conn_life.h"
#include "count_rule.h"
#include "exchange.h"
#include "gone.h"
#include "reply.h"
#include "upstream.h"
#include "waiting.h"
#include "worker.h"

#define POOL_IDLE_MS 30000
#define LINGER_MS    2000

static struct conn *conn_of(struct timer *t)
{
    return container_of(t, struct conn, timer);
}

static void header_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    if (c->state == CONN_FRESH) {
        conn_close(c, "sent no request");
        return;
    }
    tally_begin(c);
    c->request.done = false;
    reply_refuse(c, 408, "its head was not whole in time");
    conn_run(c);
}

static void idle_expired(struct timer *t)
{
    conn_close(conn_of(t), "idle");
}

static void stall_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    if (c->state != CONN_ANSWER) {
        conn_close(c, "the client stands still");
        return;
    }
    reply_refuse(c, 408, "its body was not whole in time");
    conn_run(c);
}

static void linger_expired(struct timer *t)
{
    conn_close(conn_of(t), "ended after the last answer");
}

static void held_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    waiting_reply_late(c);
    conn_run(c);
}

static void connect_expired(struct timer *t)
{
    struct conn *c = upstream_of(t)->conn;

    exchange_connect_timeout(c);
    conn_run(c);
}

static void answer_expired(struct timer *t)
{
    struct conn *c = conn_of(t);

    exchange_answer_timeout(c);
    conn_run(c);
}

/* An answer that has begun by now is not broken off. */
static void waiting_expired(struct timer *t)
{
    struct conn *c = container_of(t, struct conn, tick);

    if (c->state != CONN_JOINED && c->state != CONN_CONNECT && c->state != CONN_ANSWER)
        return;
    waiting_missed(c);
    conn_run(c);
}

static void tick_expired(struct timer *t)
{
    count_minute(container_of(t, struct conn, tick));
}

static void pool_expired(struct timer *t)
{
    upstream_close(upstream_of(t));
}

void timeouts_set(struct worker *w)
{
    const struct config *c = w->shared->config;

    timer_list_init(&w->timers[TIMER_NONE], 0, NULL);
    timer_list_init(&w->timers[TIMER_HEADER], c->network.header_timeout_ms, header_expired);
    timer_list_init(&w->timers[TIMER_IDLE], c->network.idle_timeout_ms, idle_expired);
    timer_list_init(&w->timers[TIMER_HELD], c->wake.hold_ms, held_expired);
    timer_list_init(&w->timers[TIMER_CONNECT], c->network.connect_timeout_ms, connect_expired);
    timer_list_init(&w->timers[TIMER_ANSWER], c->network.proxy_timeout_ms, answer_expired);
    timer_list_init(&w->timers[TIMER_STALL], c->network.idle_timeout_ms, stall_expired);
    timer_list_init(&w->timers[TIMER_LINGER], LINGER_MS, linger_expired);
    timer_list_init(&w->timers[TIMER_TICK], COUNT_MINUTE_MS, tick_expired);
    timer_list_init(&w->timers[TIMER_WAITING], WAITING_MS, waiting_expired);
    timer_list_init(&w->timers[TIMER_POOL], POOL_IDLE_MS, pool_expired);
    timer_list_init(&w->timers[TIMER_SWEEP], GONE_SWEEP_MS, gone_sweep);
    timer_list_init(&w->timers[TIMER_GONE], gone_after_ms(c), gone_end);
}

/* When the next timer expires, monotonic ms; INT64_MAX: none runs. */
static int64_t next_timer(const struct worker *w)
{
    int64_t next = INT64_MAX;

    for (size_t i = TIMER_NONE + 1; i < TIMER_KINDS; i++)
        if (timer_next(&w->timers[i]) < next)
            next = timer_next(&w->timers[i]);
    return next;
}

int64_t timeouts_run(struct worker *w)
{
    int64_t next;

    while ((next = next_timer(w)) <= w->now)
        for (size_t i = TIMER_NONE + 1; i < TIMER_KINDS; i++)
            timer_run(&w->timers[i], w->now);
    return next;
}
