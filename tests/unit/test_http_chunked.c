/* Chunked bodies and trailers: whole, cut in two anywhere, and byte by byte, each piece right
 * before a page that faults when read. */
#include "proxyd/http.h"

#include <string.h>

#include "http_guard.h"

/* A decoder and what it gave so far. */
struct decoding {
    struct http_chunked chunked;
    char data[GUARD_ROOM];
    size_t len;
    size_t pieces;
    int rc; /* -1 once malformed */
};

/* Feeds one buffer; returns how much of it was used. */
static size_t feed(struct decoding *d, const char *text, size_t len)
{
    const char *buf = guarded(text, len);
    size_t used = 0;
    struct http_slice piece;
    while ((d->rc = http_chunked_next(&d->chunked, buf, len, &used, &piece)) > 0) {
        assert_true(piece.len > 0 && (size_t)piece.at + piece.len <= len);
        memcpy(d->data + d->len, buf + piece.at, piece.len);
        d->len += piece.len;
        d->pieces++;
    }
    return used;
}

static bool padded; /* of chunked.padded */

static void restart(struct decoding *d)
{
    memset(&d->chunked, 0, sizeof(d->chunked));
    d->chunked.padded = padded;
    d->len = d->pieces = 0;
    d->rc = 0;
}

struct body {
    const char *text;
    size_t len;
    const char *data; /* NULL: malformed */
    size_t used;      /* up to the trailer section; 0: the body is not whole */
};
#define GOOD(text, data, rest)                                                                     \
    {                                                                                              \
        text rest, sizeof(text rest) - 1, data, sizeof(text) - 1                                   \
    }
#define OPEN(text, data)                                                                           \
    {                                                                                              \
        text, sizeof(text) - 1, data, 0                                                            \
    }
#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, NULL, 0                                                            \
    }

/* Those of a response, which may be padded. */
static const struct body padded_list[] = {
    GOOD("5 \r\nhello\r\n0  \r\n", "hello", "\r\n"),
    GOOD("5\t \t\r\nhello\r\n0\r\n", "hello", ""),
    GOOD("5 ;a=b\r\nhello\r\n0\r\n", "hello", ""),
    OPEN("5 ", ""),
    BAD(" 5\r\nhello\r\n"),
    BAD("5 5\r\nhello\r\n"),
    BAD("5 a\r\n"),
    BAD("5 \n"),
    BAD("5 ; a\r\n"),
};

static void check_outcome(const struct decoding *d, const struct body *b, size_t used)
{
    if (!b->data) {
        if (d->rc != -1)
            fail_msg("accepted: %s", b->text);
        return;
    }
    if (d->rc < 0)
        fail_msg("refused: %s", b->text);
    assert_int_equal(d->len, strlen(b->data));
    assert_memory_equal(d->data, b->data, d->len);
    assert_int_equal(d->chunked.state == HTTP_CHUNK_TRAILER, b->used > 0);
    assert_int_equal(used, b->used > 0 ? b->used : b->len);
}

static void check_body(const struct body *b)
{
    static struct decoding d;
    restart(&d);
    check_outcome(&d, b, feed(&d, b->text, b->len));
    for (size_t cut = 0; cut <= b->len; cut++) {
        restart(&d);
        size_t used = feed(&d, b->text, cut);
        if (d.rc == 0 && used == cut)
            used += feed(&d, b->text + cut, b->len - cut);
        check_outcome(&d, b, used);
    }
    restart(&d);
    size_t used = 0;
    while (used < b->len && feed(&d, b->text + used, 1) == 1 && d.rc == 0)
        used++;
    check_outcome(&d, b, used);
}

static const struct body body_list[] = {
    GOOD("0\r\n", "", "\r\n"),
    GOOD("000\r\n", "", "\r\n"),
    GOOD("5\r\nhello\r\n0\r\n", "hello", "\r\n"),
    GOOD("1\r\na\r\n2\r\nbc\r\n00\r\n", "abc", "X: y\r\n\r\n"),
    GOOD("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", "01234567890123456789", ""),
    GOOD("0000000000000005\r\nhello\r\n0\r\n", "hello", ""),
    GOOD("2\r\n\r\n\r\n0\r\n", "\r\n", ""),
    GOOD("1;a\r\nx\r\n0;b=c;d\r\n", "x", ""),
    GOOD("1;a=\"q;\\\"\\\\ \t\xff\";b\r\nx\r\n0\r\n", "x", ""),
    GOOD("1;a=\"\"\r\nx\r\n0\r\n", "x", ""),
    OPEN("", ""),
    OPEN("5", ""),
    OPEN("5\r", ""),
    OPEN("5\r\n", ""),
    OPEN("5\r\nhel", "hel"),
    OPEN("5\r\nhello", "hello"),
    OPEN("5\r\nhello\r", "hello"),
    OPEN("5\r\nhello\r\n", "hello"),
    OPEN("7fffffffffffffff\r\nx", "x"),
    OPEN("0", ""),
    OPEN("0\r", ""),
    OPEN("1;a=\"", ""),
    BAD("\r\n"),
    BAD(";a\r\n"),
    BAD("g\r\n"),
    BAD("-1\r\n"),
    BAD("+1\r\n"),
    BAD("0x1\r\n"),
    BAD(" 1\r\n"),
    BAD("1 \r\n"),
    BAD("1\t;a\r\n"),
    BAD("1 ;a\r\n"),
    BAD("\t1\r\n"),
    BAD("1\n"),
    BAD("1\ra"),
    BAD("1\r\r\n"),
    BAD("\x00\r\n"),
    BAD("00000000000000005\r\n"),
    BAD("8000000000000000\r\n"),
    BAD("ffffffffffffffff\r\n"),
    BAD("10000000000000000\r\n"),
    BAD("5\r\nhello0\r\n\r\n"),
    BAD("5\r\nhello\n0\r\n\r\n"),
    BAD("5\r\nhello\r0\r\n\r\n"),
    BAD("4\r\nhello\r\n0\r\n\r\n"),
    BAD("6\r\nhello\r\n0\r\n\r\n"),
    BAD("5\r\nhello\r\n\r\n"),
    BAD("1;\r\n"),
    BAD("1;;a\r\n"),
    BAD("1; a\r\n"),
    BAD("1;a \r\n"),
    BAD("1;a=\r\n"),
    BAD("1;=a\r\n"),
    BAD("1;a==b\r\n"),
    BAD("1;a\"b\"\r\n"),
    BAD("1;a=\"b\"c\r\n"),
    BAD("1;a=\"b\"=c\r\n"),
    BAD("1;a=\"b\r\n"),
    BAD("1;a\n"),
    BAD("1;a\x00\r\n"),
    BAD("1;a=\"\x01\"\r\n"),
    BAD("1;a=\"\\\x7f\"\r\n"),
    BAD("1;\xff\r\n"),
    BAD("1;a(b)\r\n"),
    BAD("0;a\rX"),
};

static void bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(body_list); i++)
        check_body(&body_list[i]);
}

static void padded_sizes(void **state)
{
    (void)state;
    padded = true;
    for (size_t i = 0; i < COUNT(body_list); i++)
        if (body_list[i].data) /* what is good stays good */
            check_body(&body_list[i]);
    for (size_t i = 0; i < COUNT(padded_list); i++)
        check_body(&padded_list[i]);
    padded = false;
    for (size_t i = 0; i < COUNT(padded_list); i++)
        if (padded_list[i].used > 0) { /* a request's are refused */
            struct body b = padded_list[i];
            b.data = NULL;
            check_body(&b);
        }
}

static void extension_of_length(size_t len, bool good)
{
    static struct decoding d;
    char text[2048] = "1;";
    memset(text + 2, 'a', len - 1);
    memcpy(text + 1 + len, "\r\nx\r\n0\r\n", 9);
    struct body b = {text, strlen(text), good ? "x" : NULL, strlen(text)};
    restart(&d);
    check_outcome(&d, &b, feed(&d, b.text, b.len));
}

static void extension_limit(void **state)
{
    (void)state;
    extension_of_length(1023, true); /* the CR behind it counts */
    extension_of_length(1024, false);
    struct body two = GOOD("1;aaaa\r\nx\r\n1;bbbb\r\ny\r\n0\r\n", "xy", "");
    check_body(&two);
}

static void pieces_are_as_long_as_they_can_be(void **state)
{
    (void)state;
    static struct decoding d;
    const char text[] = "10\r\n0123456789abcdef\r\n3\r\nxyz\r\n0\r\n";
    restart(&d);
    assert_int_equal(feed(&d, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(d.pieces, 2);
}

/* --- trailers --------------------------------------------------------------------------------- */

struct trailer {
    const char *text;
    size_t len;
    long end; /* what http_parse_trailers() returns */
};
#define TRAILER(end, text)                                                                         \
    {                                                                                              \
        text, sizeof(text) - 1, end                                                                \
    }

static struct http_fields fields;

static void trailers(void **state)
{
    (void)state;
    static const struct trailer list[] = {
        TRAILER(2, "\r\n"),
        TRAILER(2, "\r\nGET / HTTP/1.1\r\n"),
        TRAILER(8, "A: b\r\n\r\n"),
        TRAILER(13, "A: b\r\nC:d\r\n\r\nx"),
        TRAILER(0, ""),
        TRAILER(0, "\r"),
        TRAILER(0, "A: b\r\n"),
        TRAILER(0, "A: b\r\n\r"),
        TRAILER(-1, "\n"),
        TRAILER(-1, "\rx"),
        TRAILER(-1, "A: b\n\n"),
        TRAILER(-1, "A : b\r\n\r\n"),
        TRAILER(-1, " A: b\r\n\r\n"),
        TRAILER(-1, "A: b\r\n c\r\n\r\n"),
        TRAILER(-1, "A\r\n\r\n"),
        TRAILER(-1, ": b\r\n\r\n"),
        TRAILER(-1, "A: \x00\r\n\r\n"),
        TRAILER(-1, "A: \x7f\r\n\r\n"),
        TRAILER(-1, "GET / HTTP/1.1\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        const struct trailer *t = &list[i];
        size_t scanned = 0;
        assert_int_equal(http_parse_trailers(guarded(t->text, t->len), t->len, &scanned, &fields),
                         t->end);
        scanned = 0;
        long end = 0;
        for (size_t n = 0; n <= t->len && end == 0; n++)
            end = http_parse_trailers(guarded(t->text, n), n, &scanned, &fields);
        assert_int_equal(end, t->end);
    }
}

static void marks_what_no_trailer_may_carry(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool hop_by_hop;
    } lines[] = {
        {"Server-Timing: db;dur=1", false},
        {"Grpc-Status: 0", false},
        {"Content-Digest: x", false},
        {"Host: x", true},
        {"Content-Length: 1", true},
        {"Transfer-Encoding: chunked", true},
        {"Trailer: x", true},
        {"Cookie: x", true},
        {"X-Forwarded-For: x", true},
        {"authorization: x", true},
        {"Set-Cookie: x", true},
        {"Content-Type: x", true},
        {"CACHE-CONTROL: x", true},
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        char text[128];
        size_t scanned = 0;
        size_t len = (size_t)(stpcpy(stpcpy(text, lines[i].line), "\r\n\r\n") - text);
        assert_int_equal(http_parse_trailers(text, len, &scanned, &fields), len);
        assert_int_equal(fields.items[0].hop_by_hop, lines[i].hop_by_hop);
    }
}

static void too_many_trailers(void **state)
{
    (void)state;
    char text[2048];
    size_t scanned = 0;
    char *end = text;
    for (int i = 0; i <= HTTP_FIELDS_MAX; i++)
        end = stpcpy(end, "a: b\r\n");
    end = stpcpy(end, "\r\n");
    assert_int_equal(http_parse_trailers(text, (size_t)(end - text), &scanned, &fields), -1);
    scanned = 0;
    assert_int_equal(http_parse_trailers(text + 6, (size_t)(end - text) - 6, &scanned, &fields),
                     end - text - 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(padded_sizes),
        cmocka_unit_test(extension_limit),
        cmocka_unit_test(pieces_are_as_long_as_they_can_be),
        cmocka_unit_test(trailers),
        cmocka_unit_test(marks_what_no_trailer_may_carry),
        cmocka_unit_test(too_many_trailers),
    };
    return cmocka_run_group_tests(tests, map_guard, NULL);
}
