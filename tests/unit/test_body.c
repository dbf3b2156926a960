/* A body on its way through: read by one framing and written by another, given whole, cut in two
 * anywhere and byte by byte, to a socket that takes little at once. */
#include "proxyd/body.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int ends[2];
static char received[4000000];
static size_t n_received;

static int open_pair(void **state)
{
    int small = 1;

    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
                   setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) < 0 ||
                   fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0
               ? -1
               : 0;
}

static int close_pair(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static size_t receive(void)
{
    ssize_t n = read(ends[1], received + n_received, sizeof received - n_received - 1);

    assert_true(n >= 0 || errno == EAGAIN);
    n_received += n > 0 ? (size_t)n : 0;
    received[n_received] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void drain(struct outbuf *o)
{
    enum outbuf_result r;

    while ((r = outbuf_flush(o, ends[0])) == OUTBUF_WAITS)
        assert_true(receive() > 0);
    assert_int_equal(r, OUTBUF_DONE);
    while (receive() > 0)
        ;
}

/* Chunks put together again: framing of our own may cut them otherwise. The data and then, behind a
 * `|`, the trailer section. To be freed; NULL when it is not whole. */
static char *dechunk(const char *text, size_t len)
{
    struct http_chunked c = {0};
    struct http_slice piece;
    size_t used = 0, n = 0;
    char *out = malloc(len + 2);

    assert_non_null(out);
    while (http_chunked_next(&c, text, len, &used, &piece) > 0) {
        memcpy(out + n, text + piece.at, piece.len);
        n += piece.len;
    }
    if (c.state != HTTP_CHUNK_TRAILER) {
        free(out);
        return NULL;
    }
    out[n++] = '|';
    memcpy(out + n, text + used, len - used);
    out[n + len - used] = '\0';
    return out;
}

struct passage {
    enum http_body in;
    uint64_t length;
    bool out_chunked;
    const char *text; /* what comes */
    size_t used;      /* how much of it is the body's */
    const char *out;  /* what goes; out_chunked: data|trailers */
};

/* Feeds text[0..len), at most `step` bytes more each time, the rest given again as the contract
 * says. */
static void pass_in_steps(const struct passage *p, size_t len, size_t first, size_t step)
{
    struct outbuf o = {0};
    struct body b;
    size_t from = 0, to = first < len ? first : len;

    n_received = 0;
    body_begin(&b, p->in, p->length, p->out_chunked);
    for (;;) {
        char *exact = malloc(to - from + 1); /* what is read behind its end, sanitizers see */
        size_t used = 77;
        assert_non_null(exact);
        memcpy(exact, p->text + from, to - from);
        if (body_pass(&b, exact, to - from, &used, &o, ends[0]) != BODY_OK)
            fail_msg("refused: %s", p->text);
        assert_true(used <= to - from);
        free(exact);
        from += used;
        if (b.done || to == len)
            break;
        to = len - to < step ? len : to + step;
    }
    if (!b.done && p->in == HTTP_BODY_UNTIL_CLOSE)
        assert_int_equal(body_end(&b, &o, ends[0]), BODY_OK);
    assert_true(b.done);
    assert_int_equal(from, p->used);
    drain(&o);
    if (p->out_chunked) {
        char *text = dechunk(received, n_received);
        assert_non_null(text);
        assert_string_equal(text, p->out);
        free(text);
    } else {
        assert_int_equal(n_received, strlen(p->out));
        assert_string_equal(received, p->out);
    }
    outbuf_free(&o);
}

#define LENGTH  HTTP_BODY_LENGTH
#define CHUNKED HTTP_BODY_CHUNKED
#define CLOSE   HTTP_BODY_UNTIL_CLOSE

static void any_split(void **state)
{
    static const struct passage cases[] = {
        {LENGTH, 5, false, "hello", 5, "hello"},
        {LENGTH, 5, false, "helloGET / HTTP/1.1", 5, "hello"},
        {LENGTH, 5, true, "hello+next", 5, "hello|\r\n"},
        {LENGTH, 1, false, "0", 1, "0"},
        {CHUNKED, 0, true, "5\r\nhello\r\n0\r\n\r\n", 15, "hello|\r\n"},
        {CHUNKED, 0, false, "5\r\nhello\r\n0\r\n\r\nnext", 15, "hello"},
        {CHUNKED, 0, true, "0\r\n\r\nGET", 5, "|\r\n"},
        {CHUNKED, 0, false, "0\r\n\r\n", 5, ""},
        {CHUNKED, 0, true, "1;a=b\r\nx\r\n000\r\n\r\n0\r\n\r\n", 17, "x|\r\n"},
        {CHUNKED, 0, true, "3\r\nabc\r\n2\r\n\r\n\r\n1\r\nd\r\n0\r\n\r\n", 26, "abc\r\nd|\r\n"},
        {CHUNKED, 0, true, "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\nmore", 21, "x|X-Sum: 1\r\n\r\n"},
        {CHUNKED, 0, false, "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\nmore", 21, "x"},
        {CHUNKED, 0, true, "0\r\nA: 1\r\nContent-Length: 9\r\nB: 2\r\n\r\n", 36,
         "|A: 1\r\nB: 2\r\n\r\n"},
        {CHUNKED, 0, true,
         "0\r\nTransfer-Encoding: chunked\r\nHost: x\r\nConnection: close\r\nCookie: a\r\n"
         "Trailer: x\r\nExpect: 100-continue\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
         132, "|\r\n"},
        {CLOSE, 0, false, "until the end", 13, "until the end"},
        {CLOSE, 0, true, "until the end", 13, "until the end|\r\n"},
        {CLOSE, 0, true, "", 0, "|\r\n"},
        {CLOSE, 0, false, "", 0, ""},
        {HTTP_BODY_NONE, 0, false, "GET / HTTP/1.1", 0, ""},
        {LENGTH, 0, false, "GET / HTTP/1.1", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        for (size_t cut = 0; cut <= len; cut++)
            pass_in_steps(&cases[i], len, cut, len);
        for (size_t step = 1; step <= 3; step++)
            pass_in_steps(&cases[i], len, step, step);
    }
}

static void own_chunks(void **state)
{
    struct outbuf o = {0};
    struct body b;
    size_t used;

    (void)state;
    n_received = 0;
    body_begin(&b, CLOSE, 0, true);
    assert_int_equal(body_pass(&b, "hello, world!!!!", 16, &used, &o, ends[0]), BODY_OK);
    drain(&o);
    assert_string_equal(received, "10\r\nhello, world!!!!\r\n"); /* at once, and whole */
    assert_int_equal(body_pass(&b, "", 0, &used, &o, ends[0]), BODY_OK);
    drain(&o);
    assert_string_equal(received, "10\r\nhello, world!!!!\r\n"); /* no empty chunk: it would end */
    assert_false(b.done);
    assert_int_equal(body_end(&b, &o, ends[0]), BODY_OK);
    drain(&o);
    assert_string_equal(received, "10\r\nhello, world!!!!\r\n0\r\n\r\n");
    assert_int_equal(body_end(&b, &o, ends[0]), BODY_OK); /* once */
    drain(&o);
    assert_int_equal(n_received, 27);
    outbuf_free(&o);
}

static void malformed(void **state)
{
    static const struct {
        const char *text;
        const char *before; /* the data in front of it, which may have gone */
    } cases[] = {
        {"x", ""},
        {"\r\n", ""},
        {"5\r\nhelloX", "hello"},
        {"5\r\nhello\n", "hello"},
        {"-1\r\n", ""},
        {"5 \r\nhello", ""},
        {"0x5\r\nhello", ""},
        {"10000000000000000\r\n", ""},
        {"8000000000000000\r\n", ""},
        {"1\r\na\r\n0\r\nbad trailer\r\n\r\n", "a"},
        {"0\r\n folded\r\n\r\n", ""},
        {"0\r\nA: 1\nB: 2\r\n\r\n", ""},
        {"0\r\nA\r\n: 1\r\n\r\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outbuf o = {0};
        struct body b;
        size_t used;
        n_received = 0;
        received[0] = '\0';
        body_begin(&b, CHUNKED, 0, false);
        if (body_pass(&b, cases[i].text, strlen(cases[i].text), &used, &o, ends[0]) !=
            BODY_MALFORMED)
            fail_msg("accepted: %s", cases[i].text);
        assert_false(b.done);
        drain(&o);
        assert_string_equal(received, cases[i].before);
        outbuf_free(&o);
    }
}

/* The end of the connection ends no body that has an end of its own. */
static void cut_off(void **state)
{
    static const struct {
        enum http_body in;
        const char *text;
    } cases[] = {{LENGTH, ""},
                 {LENGTH, "hell"},
                 {CHUNKED, ""},
                 {CHUNKED, "5\r\nhel"},
                 {CHUNKED, "1\r\na\r\n"},
                 {CHUNKED, "0\r\n"},
                 {CHUNKED, "0\r\nA: b\r\n"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int out_chunked = 0; out_chunked < 2; out_chunked++) {
            struct outbuf o = {0};
            struct body b;
            size_t used;
            n_received = 0;
            received[0] = '\0';
            body_begin(&b, cases[i].in, 5, out_chunked);
            assert_int_equal(
                body_pass(&b, cases[i].text, strlen(cases[i].text), &used, &o, ends[0]), BODY_OK);
            assert_false(b.done);
            assert_int_equal(body_end(&b, &o, ends[0]), BODY_MALFORMED);
            assert_false(b.done);
            drain(&o);
            assert_null(strstr(received, "0\r\n\r\n")); /* it must not look whole */
            outbuf_free(&o);
        }
}

static void trailer_section_has_a_limit(void **state)
{
    static char text[2 * HTTP_HEAD_MAX];
    struct outbuf o = {0};
    struct body b;
    size_t used;

    (void)state;
    n_received = 0;
    memset(text, 'a', sizeof text);
    memcpy(text, "0\r\nA: ", 6);
    body_begin(&b, CHUNKED, 0, true);
    assert_int_equal(body_pass(&b, text, HTTP_HEAD_MAX, &used, &o, ends[0]), BODY_OK);
    assert_int_equal(used, 3); /* it is to be given again */
    assert_int_equal(body_pass(&b, text + 3, sizeof text - 3, &used, &o, ends[0]), BODY_MALFORMED);
    drain(&o);
    assert_int_equal(n_received, 0);
    outbuf_free(&o);
}

/* More chunks than fit one call, of all sizes, at once and in pieces of what one reading gives. */
static void many_chunks(void **state)
{
    static char text[1200000], data[1000001];
    size_t len = 0, n = 0;
    static const size_t readings[] = {sizeof text, OUTBUF_READ_MAX, 4096, 1000};

    (void)state;
    for (size_t i = 0; n < sizeof data - 5000; i++) {
        size_t size = i % 70 == 69 ? 4000 : i % 5 + 1;
        len += (size_t)sprintf(text + len, "%zX\r\n", size);
        for (size_t k = 0; k < size; k++)
            text[len++] = data[n++] = (char)('a' + (i + k) % 26);
        len += (size_t)sprintf(text + len, "\r\n");
    }
    len += (size_t)sprintf(text + len, "0\r\n\r\n");
    data[n] = '\0';
    for (size_t i = 0; i < COUNT(readings); i++) {
        struct passage p = {CHUNKED, 0, false, text, len, data};
        pass_in_steps(&p, len, readings[i], readings[i]);
        p.out_chunked = true;
        memcpy(data + n, "|\r\n", 4);
        pass_in_steps(&p, len, readings[i], readings[i]);
        data[n] = '\0';
    }
}

static void large_by_length(void **state)
{
    static char text[1000001];
    struct passage p = {LENGTH, 900000, false, text, 900000, NULL};
    char *expected;

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = (char)('a' + i * 7 % 26);
    expected = strndup(text, 900000);
    assert_non_null(expected);
    p.out = expected;
    pass_in_steps(&p, sizeof text - 1, OUTBUF_READ_MAX, OUTBUF_READ_MAX);
    pass_in_steps(&p, sizeof text - 1, 999, 999);
    free(expected);
}

static void length_over_32_bits(void **state)
{
    struct outbuf o = {0};
    struct body b;
    size_t used;

    (void)state;
    body_begin(&b, LENGTH, (UINT64_C(1) << 32) + 3, false);
    assert_int_equal(body_pass(&b, "abc", 3, &used, &o, ends[0]), BODY_OK);
    assert_int_equal(used, 3);
    assert_false(b.done);
    assert_true(b.left == UINT64_C(1) << 32);
    drain(&o);
    outbuf_free(&o);
}

static void nobody_reads(void **state)
{
    struct outbuf o = {0};
    struct body b;
    size_t used;

    (void)state;
    shutdown(ends[1], SHUT_RD);
    errno = 0;
    body_begin(&b, LENGTH, 5, false);
    assert_int_equal(body_pass(&b, "hello", 5, &used, &o, ends[0]), BODY_FAILED);
    assert_int_equal(errno, EPIPE);
    body_begin(&b, CHUNKED, 0, true);
    assert_int_equal(body_pass(&b, "1\r\na\r\n", 6, &used, &o, ends[0]), BODY_FAILED);
    body_begin(&b, CLOSE, 0, true);
    assert_int_equal(body_end(&b, &o, ends[0]), BODY_FAILED);
    outbuf_free(&o);
}

/* A held head leaves together with the first data. */
static void held_head_goes_first(void **state)
{
    struct outbuf o = {0};
    struct iovec head = {.iov_base = (char[]){"HEAD\n"}, .iov_len = 5};
    struct body b;
    size_t used;

    (void)state;
    n_received = 0;
    outbuf_hold(&o, &head, 1);
    body_begin(&b, CHUNKED, 0, true);
    assert_int_equal(body_pass(&b, "5", 1, &used, &o, ends[0]), BODY_OK); /* no data yet */
    assert_int_equal(receive(), 0);
    assert_int_equal(body_pass(&b, "\r\nhello\r\n0\r\n\r\n", 14, &used, &o, ends[0]), BODY_OK);
    drain(&o);
    assert_string_equal(received, "HEAD\n5\r\nhello\r\n0\r\n\r\n");
    outbuf_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_split, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(own_chunks, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(malformed, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(cut_off, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(trailer_section_has_a_limit, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(many_chunks, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(large_by_length, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(length_over_32_bits, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(nobody_reads, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(held_head_goes_first, open_pair, close_pair),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
