/* A connection's states: which timer runs in each, and which may follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "proxyd/conn.h"
#include "proxyd/worker.h"

static struct config config;
static struct shared shared = {.config = &config};
static struct tally tally;
static struct worker *w;
static int client;
static struct conn *c;

static int open_one(void **state)
{
    int ends[2];

    (void)state;
    w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->shared = &shared;
    w->tally = &tally;
    w->epoll = epoll_create1(0);
    for (int i = 0; i < TIMER_KINDS; i++)
        timer_list_init(&w->timers[i], i == TIMER_NONE ? 0 : 1000, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client = ends[0];
    for (size_t i = 0; i < STRANGER_BUCKETS; i++)
        TAILQ_INIT(&w->strangers[i].conns);
    c = conn_open(w, ends[1], 0, "192.0.2.1");
    assert_non_null(c);
    assert_ptr_equal(LIST_FIRST(&w->conns), c);
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    conn_close(c, "the test is over");
    assert_true(LIST_EMPTY(&w->conns));
    assert_ptr_equal(LIST_FIRST(&w->dead_conns), c);
    free(c);
    close(client);
    close(w->epoll);
    free(w);
    return 0;
}

static void expect(enum conn_state state, enum timer_kind timer)
{
    assert_int_equal(c->state, state);
    if (timer == TIMER_NONE)
        assert_null(c->timer.list);
    else
        assert_ptr_equal(c->timer.list, &w->timers[timer]);
}

static void each_state_has_its_timer(void **state)
{
    static const struct {
        enum conn_state state;
        enum timer_kind timer;
    } life[] = {
        {CONN_HEAD, TIMER_HEADER}, {CONN_CONNECT, TIMER_NONE}, {CONN_CONNECT, TIMER_NONE},
        {CONN_ANSWER, TIMER_NONE}, {CONN_BODY, TIMER_NONE},    {CONN_IDLE, TIMER_IDLE},
        {CONN_ANSWER, TIMER_NONE}, {CONN_REPLY, TIMER_STALL},  {CONN_LINGER, TIMER_LINGER},
    };

    (void)state;
    expect(CONN_FRESH, TIMER_HEADER);
    for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
        conn_set_state(c, life[i].state);
        expect(life[i].state, life[i].timer);
    }
    conn_close(c, "its life is over");
    expect(CONN_CLOSED, TIMER_NONE);
    conn_close(c, "a second time"); /* does nothing */
}

static void an_exchange_changes_whom_it_waits_for(void **state)
{
    (void)state;
    conn_set_state(c, CONN_ANSWER);
    conn_wait_for(c, CONN_WAIT_CLIENT);
    expect(CONN_ANSWER, TIMER_STALL);
    conn_wait_for(c, CONN_WAIT_ANSWER);
    expect(CONN_ANSWER, TIMER_ANSWER);
    w->now += 300;
    conn_wait_for(c, CONN_WAIT_ANSWER); /* goes on */
    assert_int_equal(c->timer.expires_at, 1000);
    conn_wait_for(c, CONN_WAIT_CLIENT);
    assert_int_equal(c->timer.expires_at, 1300);
    w->now += 300;
    conn_wait_for(c, CONN_WAIT_CLIENT); /* begins anew */
    assert_int_equal(c->timer.expires_at, 1600);
    conn_wait_for(c, CONN_WAIT_TASK);
    expect(CONN_ANSWER, TIMER_NONE);
    conn_wait_for(c, CONN_WAIT_CLIENT);
    conn_set_state(c, CONN_TUNNEL); /* has no timer, whatever ran before */
    expect(CONN_TUNNEL, TIMER_NONE);
}

/* Whether the call ends the process by an assertion. */
static bool aborts(void (*call)(void))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        call();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static enum conn_state next;

static void go_there(void)
{
    conn_set_state(c, next);
}

static void wait_for_the_task(void)
{
    conn_wait_for(c, CONN_WAIT_TASK);
}

static void what_may_not_follow_aborts(void **state)
{
    (void)state;
    next = CONN_BODY; /* before a request */
    assert_true(aborts(go_there));
    next = CONN_HEAD;
    assert_false(aborts(go_there));
    assert_true(aborts(wait_for_the_task));
    conn_set_state(c, CONN_ANSWER);
    assert_false(aborts(wait_for_the_task));
    conn_set_state(c, CONN_TUNNEL);
    next = CONN_IDLE; /* a tunnel never becomes HTTP again */
    assert_true(aborts(go_there));
    assert_true(aborts(wait_for_the_task));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_state_has_its_timer, open_one, close_one),
        cmocka_unit_test_setup_teardown(an_exchange_changes_whom_it_waits_for, open_one, close_one),
        cmocka_unit_test_setup_teardown(what_may_not_follow_aborts, open_one, close_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
