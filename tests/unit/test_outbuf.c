/* Bytes on their way to a socket that takes only some: all arrive, once, in order; and what is held
 * goes in one call with what follows it. */
#include "proxyd/outbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM 2000000

static int ends[2];         /* what is written to [0] is read from [1] */
static char sent[ROOM];     /* everything that was given to the buffer */
static char received[ROOM]; /* everything that came out of the socket */
static size_t n_sent, n_received;

static int open_pair(int type)
{
    int small = 1; /* the kernel makes it the least it can */

    n_sent = n_received = 0;
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0 ||
                   setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) < 0 ||
                   fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0
               ? -1
               : 0;
}

static int open_stream(void **state)
{
    (void)state;
    return open_pair(SOCK_STREAM);
}

/* Keeps the borders between calls. */
static int open_packets(void **state)
{
    (void)state;
    return open_pair(SOCK_SEQPACKET);
}

static int close_pair(void **state)
{
    (void)state;
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return 0;
}

/* Reads once; returns how much. */
static size_t receive(void)
{
    ssize_t n = read(ends[1], received + n_received, ROOM - n_received);

    assert_true(n >= 0 || errno == EAGAIN);
    n_received += n > 0 ? (size_t)n : 0;
    return n > 0 ? (size_t)n : 0;
}

/* A piece of so many bytes, different from every other. */
static struct iovec piece(size_t len)
{
    struct iovec iov = {.iov_base = sent + n_sent, .iov_len = len};

    assert_true(n_sent + len <= ROOM);
    for (size_t i = 0; i < len; i++)
        sent[n_sent + i] = (char)((n_sent + i) * 2654435761u >> 13);
    n_sent += len;
    return iov;
}

/* Flushes and reads by turns until nothing is left. */
static void drain(struct outbuf *o)
{
    enum outbuf_result r;

    while ((r = outbuf_flush(o, ends[0])) == OUTBUF_WAITS)
        assert_true(receive() > 0);
    assert_int_equal(r, OUTBUF_DONE);
    assert_true(outbuf_is_empty(o));
    while (receive() > 0)
        ;
    assert_int_equal(n_received, n_sent);
    assert_memory_equal(received, sent, n_sent);
}

static void small_goes_at_once(void **state)
{
    struct outbuf o = {0};
    struct iovec iov[] = {piece(3), piece(0), piece(10)};

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], iov, 3), OUTBUF_DONE);
    assert_null(o.data);
    assert_int_equal(outbuf_flush(&o, ends[0]), OUTBUF_DONE);
    drain(&o);
    outbuf_free(&o);
}

static void large_waits(void **state)
{
    struct outbuf o = {0};
    struct iovec iov[] = {piece(100), piece(300000), piece(7)};

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], iov, 3), OUTBUF_WAITS);
    assert_false(outbuf_is_empty(&o));
    assert_int_equal(outbuf_flush(&o, ends[0]), OUTBUF_WAITS);
    drain(&o);
    assert_null(o.data);
    outbuf_free(&o);
}

static void what_comes_later_stays_behind(void **state)
{
    struct outbuf o = {0};
    struct iovec first = piece(200000), second[2] = {piece(5), piece(50000)}, third = piece(1);

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], &first, 1), OUTBUF_WAITS);
    while (receive() > 0) /* there is room in the socket now, and it is not for the second */
        ;
    assert_int_equal(outbuf_write(&o, ends[0], second, 2), OUTBUF_WAITS);
    assert_int_equal(outbuf_write(&o, ends[0], &third, 1), OUTBUF_WAITS);
    drain(&o);
    outbuf_free(&o);
}

/* The pieces lie in every way around the place where the socket is full. */
static void cut_anywhere(void **state)
{
    struct outbuf o = {0};

    (void)state;
    for (size_t size = 1; size < 3000; size += 131) {
        struct iovec iov[OUTBUF_PIECES_MAX];
        n_sent = n_received = 0;
        for (int i = 0; i < OUTBUF_PIECES_MAX; i++)
            iov[i] = piece(i % 5 ? size : 0);
        assert_int_not_equal(outbuf_write(&o, ends[0], iov, OUTBUF_PIECES_MAX), OUTBUF_FAILED);
        drain(&o);
    }
    outbuf_free(&o);
}

static void by_chance(void **state)
{
    struct outbuf o = {0};

    (void)state;
    srand(7);
    while (n_sent < ROOM - 50000) {
        struct iovec iov[4];
        int n = rand() % 4;
        for (int i = 0; i < n; i++)
            iov[i] = piece((size_t)(rand() % (rand() % 10 ? 100 : 10000)));
        assert_int_not_equal(outbuf_write(&o, ends[0], iov, n), OUTBUF_FAILED);
        if (rand() % 3 == 0)
            receive();
        if (rand() % 4 == 0)
            assert_int_not_equal(outbuf_flush(&o, ends[0]), OUTBUF_FAILED);
    }
    drain(&o);
    outbuf_free(&o);
}

static void held_goes_with_the_next(void **state)
{
    struct outbuf o = {0};
    struct iovec head[] = {piece(20), piece(30)}, body[] = {piece(40), piece(2)};

    (void)state;
    outbuf_hold(&o, head, 2);
    assert_int_equal(receive(), 0); /* nothing goes before */
    assert_int_equal(outbuf_write(&o, ends[0], body, 2), OUTBUF_DONE);
    assert_int_equal(receive(), 92); /* one packet: one call */
    assert_int_equal(receive(), 0);
    drain(&o);
    outbuf_free(&o);
}

static void held_is_released(void **state)
{
    struct outbuf o = {0};
    struct iovec head[] = {piece(20), piece(30)}, later = piece(1);

    (void)state;
    outbuf_hold(&o, head, 2);
    assert_int_equal(outbuf_release(&o, ends[0]), OUTBUF_DONE);
    assert_int_equal(receive(), 50);
    assert_int_equal(outbuf_release(&o, ends[0]), OUTBUF_DONE); /* nothing is held: no packet */
    assert_int_equal(receive(), 0);
    assert_int_equal(outbuf_write(&o, ends[0], &later, 1), OUTBUF_DONE);
    assert_int_equal(receive(), 1); /* it was held once, not for ever */
    drain(&o);
    outbuf_free(&o);
}

static void held_waits_like_the_rest(void **state)
{
    struct outbuf o = {0};
    struct iovec first = piece(200000), head[] = {piece(1000), piece(500)}, body = piece(100000);

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], &first, 1), OUTBUF_WAITS);
    outbuf_hold(&o, head, 2);
    assert_int_equal(outbuf_write(&o, ends[0], &body, 1), OUTBUF_WAITS);
    memset(head, 0, sizeof head); /* from now on they need not stay */
    drain(&o);
    outbuf_free(&o);
}

static void held_is_released_while_something_waits(void **state)
{
    struct outbuf o = {0};
    struct iovec first = piece(200000), head = piece(1000);

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], &first, 1), OUTBUF_WAITS);
    assert_int_equal(outbuf_release(&o, ends[0]), OUTBUF_WAITS);
    outbuf_hold(&o, &head, 1);
    assert_int_equal(outbuf_release(&o, ends[0]), OUTBUF_WAITS);
    drain(&o);
    outbuf_free(&o);
}

/* A flush in between writes what waits, and what is held stays held. */
static void held_survives_a_flush(void **state)
{
    struct outbuf o = {0};
    struct iovec first = piece(100000), head = piece(10), body = piece(20);

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], &first, 1), OUTBUF_WAITS);
    outbuf_hold(&o, &head, 1);
    while (outbuf_flush(&o, ends[0]) == OUTBUF_WAITS)
        assert_true(receive() > 0);
    assert_int_equal(outbuf_write(&o, ends[0], &body, 1), OUTBUF_DONE);
    drain(&o);
    outbuf_free(&o);
}

static void too_many_pieces_fail(void **state)
{
    struct outbuf o = {0};
    struct iovec iov[OUTBUF_PIECES_MAX] = {{0}}, head[2] = {{0}};

    (void)state;
    outbuf_hold(&o, head, 2);
    errno = 0;
    assert_int_equal(outbuf_write(&o, ends[0], iov, OUTBUF_PIECES_MAX - 1), OUTBUF_FAILED);
    assert_int_equal(errno, EMSGSIZE);
    outbuf_free(&o);
    outbuf_hold(&o, head, 2);
    assert_int_equal(outbuf_write(&o, ends[0], iov, OUTBUF_PIECES_MAX - 2), OUTBUF_DONE);
    outbuf_free(&o);
}

/* No SIGPIPE, and errno says why. */
static void nobody_reads(void **state)
{
    struct outbuf o = {0};
    struct iovec iov = piece(200000), more = piece(1);

    (void)state;
    assert_int_equal(outbuf_write(&o, ends[0], &iov, 1), OUTBUF_WAITS);
    close(ends[1]);
    ends[1] = -1;
    errno = 0;
    assert_int_equal(outbuf_flush(&o, ends[0]), OUTBUF_FAILED);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    outbuf_free(&o);
    assert_true(outbuf_is_empty(&o));
    assert_int_equal(outbuf_write(&o, ends[0], &more, 1), OUTBUF_FAILED);
    assert_int_equal(errno, EPIPE);
    outbuf_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_goes_at_once, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(large_waits, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(what_comes_later_stays_behind, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(cut_anywhere, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(by_chance, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(held_goes_with_the_next, open_packets, close_pair),
        cmocka_unit_test_setup_teardown(held_is_released, open_packets, close_pair),
        cmocka_unit_test_setup_teardown(held_waits_like_the_rest, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(held_is_released_while_something_waits, open_stream,
                                        close_pair),
        cmocka_unit_test_setup_teardown(held_survives_a_flush, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(too_many_pieces_fail, open_stream, close_pair),
        cmocka_unit_test_setup_teardown(nobody_reads, open_stream, close_pair),
    };
    return cmocka_run_group_tests_name("outbuf", tests, NULL, NULL);
}
