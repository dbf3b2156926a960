/* Long bodies through a pipe: all bytes arrive, what the second socket does not take stays in the
 * pipe, and a pipe with something in it is never used again. */
#include "proxyd/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxyd/outbuf.h"

#define LEN 600000

static int from[2], to[2]; /* written to [0], read from [1] */
static char sent[LEN], received[LEN];
static struct pipe_pool pool;

static int open_pairs(void **state)
{
    int small = 1; /* the kernel makes it the least it can */

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < LEN; i++)
        sent[i] = (char)(i * 2654435761u >> 13);
    pool = (struct pipe_pool){.max = PIPES_MAX};
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, from) < 0 ||
                   socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, to) < 0 ||
                   setsockopt(to[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) < 0
               ? -1
               : 0;
}

static int close_pairs(void **state)
{
    (void)state;
    pipe_pool_free(&pool);
    for (int i = 0; i < 2; i++) {
        close(from[i]);
        close(to[i]);
    }
    return pool.n_open == 0 ? 0 : -1;
}

static void all_bytes_arrive_through_a_socket_that_takes_few(void **state)
{
    size_t written = 0, got = 0, most = 0;
    bool can_read = true;
    struct outbuf o = {0};

    (void)state;
    while (got < LEN) {
        ssize_t n = written < LEN ? write(from[0], sent + written, LEN - written) : 0;
        written += n > 0 ? (size_t)n : 0;
        if (outbuf_flush(&o, to[0]) == OUTBUF_DONE) {
            struct pipe *p = pipe_get(&pool);
            assert_non_null(p);
            assert_true(outbuf_is_empty(&o));
            if (pipe_fill(p, from[1], LEN, &can_read) == IO_SOME)
                assert_int_not_equal(outbuf_pipe(&o, to[0], p), OUTBUF_FAILED);
            else
                pipe_put(&p);
            if (o.pipe && o.pipe->held > most)
                most = o.pipe->held;
        }
        n = read(to[1], received + got, LEN - got);
        got += n > 0 ? (size_t)n : 0;
    }
    assert_memory_equal(received, sent, LEN);
    assert_true(most > 0 && most <= PIPE_SIZE);
    assert_int_equal(outbuf_flush(&o, to[0]), OUTBUF_DONE);
    assert_int_equal(pool.n_open, 1); /* the one pipe served again and again */
    outbuf_free(&o);
}

static void nothing_more_than_asked_for(void **state)
{
    struct pipe *p = pipe_get(&pool);
    bool can_read = true;

    (void)state;
    assert_int_equal(write(from[0], sent, 100), 100);
    assert_int_equal(pipe_fill(p, from[1], 60, &can_read), IO_SOME);
    assert_int_equal(p->held, 60);
    assert_true(can_read);
    assert_int_equal(pipe_drain(p, to[0]), PIPE_EMPTY);
    assert_int_equal(read(to[1], received, LEN), 60);
    assert_int_equal(read(from[1], received, LEN), 40);
    pipe_put(&p);
    assert_null(p);
}

static void empty_ended_and_broken(void **state)
{
    struct pipe *p = pipe_get(&pool);
    bool can_read = true;

    (void)state;
    assert_int_equal(pipe_fill(p, from[1], 10, &can_read), IO_NOTHING);
    assert_false(can_read);
    shutdown(from[0], SHUT_WR);
    assert_int_equal(pipe_fill(p, from[1], 10, &can_read), IO_END);
    assert_int_equal(pipe_fill(p, -1, 10, &can_read), IO_BROKE);
    pipe_put(&p);
}

static void one_that_holds_something_is_closed(void **state)
{
    struct pipe *p = pipe_get(&pool), *other;
    bool can_read = true;

    (void)state;
    assert_int_equal(write(from[0], sent, 100), 100);
    assert_int_equal(pipe_fill(p, from[1], 100, &can_read), IO_SOME);
    assert_int_equal(p->held, 100);
    shutdown(to[0], SHUT_WR);
    assert_int_equal(pipe_drain(p, to[0]), PIPE_FAILED);
    assert_int_equal(errno, EPIPE);
    pipe_put(&p);
    assert_int_equal(pool.n_open, 0);
    other = pipe_get(&pool);
    assert_int_equal(other->held, 0);
    pipe_put(&other);
}

static void there_are_only_so_many(void **state)
{
    struct pipe *pipes[PIPES_MAX];

    (void)state;
    for (size_t i = 0; i < PIPES_MAX; i++)
        assert_non_null(pipes[i] = pipe_get(&pool));
    assert_null(pipe_get(&pool));
    pipe_put(&pipes[0]);
    assert_non_null(pipes[0] = pipe_get(&pool));
    for (size_t i = 0; i < PIPES_MAX; i++)
        pipe_put(&pipes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_bytes_arrive_through_a_socket_that_takes_few,
                                        open_pairs, close_pairs),
        cmocka_unit_test_setup_teardown(nothing_more_than_asked_for, open_pairs, close_pairs),
        cmocka_unit_test_setup_teardown(empty_ended_and_broken, open_pairs, close_pairs),
        cmocka_unit_test_setup_teardown(one_that_holds_something_is_closed, open_pairs,
                                        close_pairs),
        cmocka_unit_test_setup_teardown(there_are_only_so_many, open_pairs, close_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
