/* Request and response heads: tables of what is accepted and refused, each head also cut at every
 * byte, and always right before a page that faults when read. */
#include "proxyd/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define GUARD_ROOM 65536
#define MORE       1 /* instead of a status: the head never ends */

static char *guard_end; /* the first byte that faults */

static int map_guard(void **state)
{
    (void)state;
    char *room =
        mmap(NULL, GUARD_ROOM + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + GUARD_ROOM, 65536, PROT_NONE) < 0)
        return -1;
    guard_end = room + GUARD_ROOM;
    return 0;
}

static const char *guarded(const char *text, size_t len)
{
    assert_true(len <= GUARD_ROOM);
    return memcpy(guard_end - len, text, len);
}

struct head {
    const char *text;
    size_t len;
    int status;
};
#define HEAD(status, text)                                                                         \
    {                                                                                              \
        text, sizeof(text) - 1, status                                                             \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct http_request request;
static struct http_response response;

/* What the two functions make of it together: 0, a status, or MORE. A response's -1 is 400. */
static int verdict(const char *text, size_t len, bool is_request)
{
    size_t scanned = 0;
    long end = http_head_end(text, len, is_request, &scanned);
    if (end <= 0)
        return end < 0 ? 400 : MORE;
    if (is_request)
        return http_parse_request(text, (size_t)end, &request);
    return http_parse_response(text, (size_t)end, HTTP_METHOD_GET, &response) < 0 ? 400 : 0;
}

/* The same, the head coming a byte at a time. */
static int verdict_bytewise(const char *text, size_t len, bool is_request)
{
    size_t scanned = 0;
    for (size_t n = 1; n <= len; n++) {
        long end = http_head_end(guarded(text, n), n, is_request, &scanned);
        if (end == 0)
            continue;
        return end < 0 ? 400 : verdict(guarded(text, n), n, is_request);
    }
    return MORE;
}

/* The head cut in two, anywhere. */
static void check_cuts(const struct head *head, bool is_request)
{
    for (size_t cut = 0; cut < head->len && head->len < 2048; cut++) {
        size_t scanned = 0;
        long first = http_head_end(guarded(head->text, cut), cut, is_request, &scanned);
        long second = first;
        if (first == 0)
            second = http_head_end(guarded(head->text, head->len), head->len, is_request, &scanned);
        size_t whole = 0;
        assert_int_equal(
            second, http_head_end(guarded(head->text, head->len), head->len, is_request, &whole));
    }
}

/* What is cut off must not be accepted, nor read beyond its end. */
static void check_truncated(const struct head *head, bool is_request)
{
    size_t scanned = 0;
    long end = http_head_end(head->text, head->len, is_request, &scanned);
    for (size_t len = 0; len < head->len && head->len < 2048; len++) {
        const char *text = guarded(head->text, len);
        bool refused = is_request ? http_parse_request(text, len, &request) != 0
                                  : http_parse_response(text, len, HTTP_METHOD_GET, &response) < 0;
        if (!refused && (long)len != end)
            fail_msg("accepted %zu bytes of: %s", len, head->text);
    }
}

static void check_heads(const struct head *heads, size_t n, bool is_request)
{
    for (size_t i = 0; i < n; i++) {
        const struct head *h = &heads[i];
        int whole = verdict(guarded(h->text, h->len), h->len, is_request);
        if (whole != h->status)
            fail_msg("got %d instead of %d for: %s", whole, h->status, h->text);
        int bytewise = verdict_bytewise(h->text, h->len, is_request);
        if (bytewise != h->status)
            fail_msg("bytewise %d instead of %d for: %s", bytewise, h->status, h->text);
        check_cuts(h, is_request);
        check_truncated(h, is_request);
    }
}

/* --- requests --------------------------------------------------------------------------------- */

#define GET     "GET / HTTP/1.1\r\n"
#define POST    "POST / HTTP/1.1\r\n"
#define HOST    "Host: a.example\r\n"
#define GET_A   GET HOST
#define POST_A  POST HOST
#define END     "\r\n"
#define OLD_GET "GET / HTTP/1.0\r\n"

static void request_line(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, GET_A END),
        HEAD(0, "\r\n" GET_A END),
        HEAD(0, "\r\n\r\n" GET_A END),
        HEAD(400, "\r\n\r\n\r\n" GET_A END),
        HEAD(400, "\n" GET_A END),
        HEAD(400, "\r" GET_A END),
        HEAD(400, " " GET_A END),
        HEAD(400, "GET  / HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /  HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET / HTTP/1.1 \r\n" HOST END),
        HEAD(400, "GET\t/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /\tHTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /a b HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET / \r\n" HOST END),
        HEAD(400, "GET /\r\n" HOST END),
        HEAD(400, "GET\r\n" HOST END),
        HEAD(400, "GET  HTTP/1.1\r\n" HOST END),
        HEAD(400, " / HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET / HTTP/1.1\n" HOST END),
        HEAD(400, "GET / HTTP/1.1\r" HOST END),
        HEAD(0, "get / HTTP/1.1\r\n" HOST END),
        HEAD(0, "M-SEARCH / HTTP/1.1\r\n" HOST END),
        HEAD(0, "!#$%&'*+-.^_`|~09 / HTTP/1.1\r\n" HOST END),
        HEAD(0, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n" HOST END),
        HEAD(400, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" HOST END),
        HEAD(400, "G(T / HTTP/1.1\r\n" HOST END),
        HEAD(400, "G\x00T / HTTP/1.1\r\n" HOST END),
        HEAD(400, "G\xc3\xa9T / HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET:/ / HTTP/1.1\r\n" HOST END),
        HEAD(505, "PRI * HTTP/2.0\r\n" END),
        HEAD(505, "GET / HTTP/1.2\r\n" HOST END),
        HEAD(505, "GET / HTTP/0.9\r\n" HOST END),
        HEAD(505, "GET / HTTP/9.9\r\n" HOST END),
        HEAD(400, "GET / HTTP/1.\r\n" HOST END),
        HEAD(400, "GET / HTTP/11\r\n" HOST END),
        HEAD(400, "GET / HTTP/1.10\r\n" HOST END),
        HEAD(400, "GET / HTTP/01.1\r\n" HOST END),
        HEAD(400, "GET / http/1.1\r\n" HOST END),
        HEAD(400, "GET / HTTPS/1.1\r\n" HOST END),
        HEAD(400, "GET / HTTP/1,1\r\n" HOST END),
        HEAD(400, "GET / ICY/1.1\r\n" HOST END),
        HEAD(400, "\x16\x03\x01\x02\x00\x01\x00\x01"),
        HEAD(400, "SSH-2.0-OpenSSH_9.2\r\n"),
        HEAD(400, "EHLO mail.example\r\n"),
        HEAD(MORE, "GET / HTTP/1.1\r\nHost: a"),
        HEAD(MORE, "GET /"),
        HEAD(MORE, "\r\n\r\n"),
        HEAD(MORE, ""),
    };
    check_heads(heads, COUNT(heads), true);
}

static void request_target(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, "GET /a/b;c=1?q=%20&x[]=1 HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET /?q=\"<>\\^`{|} HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET /%zz%00%2e%2e/.. HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET // HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET //evil.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /#f HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /\x7f HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /\x01 HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET /\x00 HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET a HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET ?q HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET a.example HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET \\ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET * HTTP/1.1\r\n" HOST END),
        HEAD(400, "OPTIONS ** HTTP/1.1\r\n" HOST END),
        HEAD(0, "OPTIONS * HTTP/1.1\r\n" HOST END),
        HEAD(0, "OPTIONS /x HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET http://a.example/p?q HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET HTTP://A.EXAMPLE/ HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET https://a.example HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET http://a.example?q HTTP/1.1\r\n" HOST END),
        HEAD(0, "GET http://a.example:80/ HTTP/1.1\r\nHost: a.example:80\r\n" END),
        HEAD(0, "GET http://a.example/ HTTP/1.0\r\n" HOST END),
        HEAD(400, "GET http://a.example/ HTTP/1.0\r\n" END),
        HEAD(400, "GET http://a.example:80/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://b.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://a.example.evil/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://u@a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://u:p@a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http:///p HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http:// HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http:/a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET ftp://a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET ws://a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://a.example\\@b/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "GET http://a.example:99999/ HTTP/1.1\r\nHost: a.example:99999\r\n" END),
        HEAD(0, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n" END),
        HEAD(400, "CONNECT a.example:443 HTTP/1.1\r\n" HOST END),
        HEAD(400, "CONNECT a.example HTTP/1.1\r\n" HOST END),
        HEAD(400, "CONNECT a.example: HTTP/1.1\r\nHost: a.example:\r\n" END),
        HEAD(400, "CONNECT / HTTP/1.1\r\n" HOST END),
        HEAD(400, "CONNECT http://a.example/ HTTP/1.1\r\n" HOST END),
        HEAD(400, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\n" END),
        HEAD(400, "GET a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n" END),
    };
    check_heads(heads, COUNT(heads), true);
}

static void request_host(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, GET "Host:\r\n" END),
        HEAD(0, GET "HOST: A\r\n" END),
        HEAD(0, GET "Host:a_b-c.d~e.0\r\n" END),
        HEAD(0, GET "Host: a.example:8080\r\n" END),
        HEAD(0, GET "Host: a.example:\r\n" END),
        HEAD(0, GET "Host: a.example:65535\r\n" END),
        HEAD(0, GET "Host: 127.0.0.1:1\r\n" END),
        HEAD(0, GET "Host: [::1]\r\n" END),
        HEAD(0, GET "Host: [2001:db8::1]:80\r\n" END),
        HEAD(0, GET "Host: [::ffff:192.0.2.1]:80\r\n" END),
        HEAD(400, GET "Host: [::1\r\n" END),
        HEAD(400, GET "Host: []\r\n" END),
        HEAD(400, GET "Host: [::1]x\r\n" END),
        HEAD(400, GET "Host: [1]\r\n" END),
        HEAD(400, GET "Host: [fe80::1%25eth0]\r\n" END),
        HEAD(400, GET "Host: ::1\r\n" END),
        HEAD(400, GET "Host: a.example:65536\r\n" END),
        HEAD(400, GET "Host: a.example:000080\r\n" END),
        HEAD(400, GET "Host: a.example:+1\r\n" END),
        HEAD(400, GET "Host: a.example:80:80\r\n" END),
        HEAD(400, GET "Host: :80\r\n" END),
        HEAD(400, GET "Host: a b\r\n" END),
        HEAD(400, GET "Host: a,b\r\n" END),
        HEAD(400, GET "Host: a/b\r\n" END),
        HEAD(400, GET "Host: u@a\r\n" END),
        HEAD(400, GET "Host: http://a\r\n" END),
        HEAD(400, GET "Host: a%2eb\r\n" END),
        HEAD(400, GET "Host: *.a\r\n" END),
        HEAD(400, GET "Host: a\x00\r\n" END),
        HEAD(400, GET "Host: b\xc3\xbc"
                      "cher\r\n" END),
        HEAD(400, GET END),
        HEAD(400, GET_A HOST END),
        HEAD(400, GET_A "host: b.example\r\n" END),
        HEAD(400, GET "X-Host: a\r\n" END),
        HEAD(0, OLD_GET END),
        HEAD(0, OLD_GET HOST END),
        HEAD(400, OLD_GET HOST HOST END),
    };
    check_heads(heads, COUNT(heads), true);
}

static void request_fields(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, GET_A "A:b\r\n" END),
        HEAD(0, GET_A "A:\r\n" END),
        HEAD(0, GET_A "A: \t \r\n" END),
        HEAD(0, GET_A "A_b.c!#$%&'*+-^`|~9: x\r\n" END),
        HEAD(0, GET_A "A: \t x \t\r\n" END),
        HEAD(0, GET_A "A: caf\xc3\xa9 \xff\x80\r\n" END),
        HEAD(0, GET_A "A: \"(),/:;<=>?@[\\]{}\r\n" END),
        HEAD(0, GET_A "A: x\r\nA: y\r\nA: z\r\n" END),
        HEAD(400, GET_A " A: x\r\n" END),
        HEAD(400, GET " A: x\r\n" HOST END),
        HEAD(400, GET_A "A: x\r\n folded\r\n" END),
        HEAD(400, GET_A "A: x\r\n\tfolded\r\n" END),
        HEAD(400, GET_A "A : x\r\n" END),
        HEAD(400, GET_A "A\t: x\r\n" END),
        HEAD(400, GET_A ": x\r\n" END),
        HEAD(400, GET_A "A\r\n" END),
        HEAD(400, GET_A "A x\r\n" END),
        HEAD(400, GET_A "A b: x\r\n" END),
        HEAD(400, GET_A "(A): x\r\n" END),
        HEAD(400, GET_A "A\xc3\xa9: x\r\n" END),
        HEAD(400, GET_A "A\x00: x\r\n" END),
        HEAD(400, GET_A "A: x\x00y\r\n" END),
        HEAD(400, GET_A "A: x\x7f\r\n" END),
        HEAD(400, GET_A "A: x\x1f\r\n" END),
        HEAD(400, GET_A "A: x\x0b\r\n" END),
        HEAD(400, GET_A "A: x\x08\r\n" END),
        HEAD(400, GET_A "A: x\n" END),
        HEAD(400, GET_A "A: x\ry\r\n" END),
        HEAD(400, GET_A "A: x\r\r\n" END),
        HEAD(400, GET_A "A: x\r\n\n"),
        HEAD(400, GET_A "A: x\n\n"),
        HEAD(MORE, GET_A "A: x\r\n"),
        HEAD(MORE, GET_A "A: x\r\n\r"),
    };
    check_heads(heads, COUNT(heads), true);
}

static void request_framing(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, POST_A "Content-Length: 0\r\n" END),
        HEAD(0, POST_A "content-length:5\r\n" END),
        HEAD(0, POST_A "Content-Length: 0005\r\n" END),
        HEAD(0, POST_A "Content-Length: 9223372036854775807\r\n" END),
        HEAD(400, POST_A "Content-Length: 9223372036854775808\r\n" END),
        HEAD(400, POST_A "Content-Length: 18446744073709551617\r\n" END),
        HEAD(400, POST_A "Content-Length: 99999999999999999999\r\n" END),
        HEAD(400, POST_A "Content-Length:\r\n" END),
        HEAD(400, POST_A "Content-Length: +5\r\n" END),
        HEAD(400, POST_A "Content-Length: -5\r\n" END),
        HEAD(400, POST_A "Content-Length: 0x5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5 5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5,5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5, 5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5.0\r\n" END),
        HEAD(400, POST_A "Content-Length: \"5\"\r\n" END),
        HEAD(400, POST_A "Content-Length: 5\r\nContent-Length: 5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5\r\ncontent-length: 6\r\n" END),
        HEAD(0, POST_A "Transfer-Encoding: chunked\r\n" END),
        HEAD(0, POST_A "transfer-encoding: CHUNKED\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: gzip\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: gzip, chunked\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: chunked, chunked\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: identity\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding:\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: xchunked\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: chunked;q=1\r\n" END),
        HEAD(501, POST_A "Transfer-Encoding: \"chunked\"\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding: \x0b"
                         "chunked\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding : chunked\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n" END),
        HEAD(400, POST_A "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END),
        HEAD(400, POST_A "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, POST_A "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n" END),
        HEAD(400, "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END),
        HEAD(0, "POST / HTTP/1.0\r\nContent-Length: 5\r\n" END),
        HEAD(0, POST_A "Expect: 100-continue\r\n" END),
        HEAD(0, POST_A "Expect: 100-Continue\r\n" END),
        HEAD(417, POST_A "Expect: 200-ok\r\n" END),
        HEAD(417, POST_A "Expect:\r\n" END),
        HEAD(417, POST_A "Expect: 100-continue, x\r\n" END),
        HEAD(0, GET_A "Connection: close\r\n" END),
        HEAD(0, GET_A "Connection: , a ,\t,b,\r\n" END),
        HEAD(0, GET_A "Connection:\r\n" END),
        HEAD(400, GET_A "Connection: a b\r\n" END),
        HEAD(400, GET_A "Connection: \"close\"\r\n" END),
        HEAD(400, GET_A "Connection: a;b\r\n" END),
    };
    check_heads(heads, COUNT(heads), true);
}

/* The head of `GET <target> HTTP/1.1` with a target of this length. */
static int target_of_length(size_t len)
{
    static char text[40000];
    char *end = stpcpy(text, "GET ");
    memset(end, 'a', len);
    *end = '/';
    end = stpcpy(end + len, " HTTP/1.1\r\n" HOST END);
    struct head head = {text, (size_t)(end - text), 0};
    assert_int_equal(verdict(guarded(text, head.len), head.len, true),
                     verdict_bytewise(text, head.len, true));
    return verdict(guarded(text, head.len), head.len, true);
}

static int request_of_fields(size_t n)
{
    static char text[4096];
    char *end = stpcpy(text, GET_A);
    for (size_t i = 1; i < n; i++)
        end = stpcpy(end, "a: b\r\n");
    end = stpcpy(end, END);
    return verdict(guarded(text, (size_t)(end - text)), (size_t)(end - text), true);
}

static void request_limits(void **state)
{
    (void)state;
    assert_int_equal(target_of_length(HTTP_TARGET_MAX), 0);
    assert_int_equal(target_of_length(HTTP_TARGET_MAX + 1), 414);
    assert_int_equal(request_of_fields(HTTP_FIELDS_MAX), 0);
    assert_int_equal(request.fields.len, HTTP_FIELDS_MAX);
    assert_int_equal(request_of_fields(HTTP_FIELDS_MAX + 1), 431);
}

/* --- what is found in an accepted head -------------------------------------------------------- */

static const char *current; /* where the slices point */

static void parse_good(const char *text)
{
    current = guarded(text, strlen(text));
    assert_int_equal(verdict(current, strlen(text), true), 0);
}

static void parse_response_to(enum http_method method, const char *text)
{
    size_t scanned = 0;
    current = guarded(text, strlen(text));
    long end = http_head_end(current, strlen(text), false, &scanned);
    assert_int_equal(end, strlen(text));
    assert_int_equal(http_parse_response(current, (size_t)end, method, &response), 0);
}

static void slice_is(struct http_slice slice, const char *text)
{
    assert_int_equal(slice.len, strlen(text));
    assert_memory_equal(current + slice.at, text, slice.len);
}

static void finds_parts(void **state)
{
    (void)state;
    parse_good("\r\nPUT /p/q?r=s HTTP/1.1\r\nHost:  A.example:80 \r\nX-Y:\tz z\t\r\n\r\n");
    assert_int_equal(request.method, HTTP_METHOD_PUT);
    slice_is(request.method_text, "PUT");
    slice_is(request.target, "/p/q?r=s");
    slice_is(request.path, "/p/q?r=s");
    slice_is(request.query, "");
    slice_is(request.host, "A.example");
    assert_int_equal(request.form, HTTP_TARGET_ORIGIN);
    assert_int_equal(request.minor, 1);
    assert_int_equal(request.body, HTTP_BODY_NONE);
    assert_int_equal(request.fields.len, 2);
    slice_is(request.fields.items[0].name, "Host");
    slice_is(request.fields.items[0].value, "A.example:80");
    slice_is(request.fields.items[1].name, "X-Y");
    slice_is(request.fields.items[1].value, "z z");
    slice_is(request.fields.items[1].line, "X-Y:\tz z\t\r\n");
}

static void finds_path_of_absolute_target(void **state)
{
    (void)state;
    parse_good("GET http://a:1/p?q HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_ABSOLUTE);
    slice_is(request.path, "/p?q");
    slice_is(request.host, "a");
    parse_good("GET https://a HTTP/1.1\r\nHost: a\r\n\r\n");
    slice_is(request.path, "");
    slice_is(request.query, "");
    parse_good("GET http://a?q/r HTTP/1.1\r\nHost: a\r\n\r\n");
    slice_is(request.path, "");
    slice_is(request.query, "?q/r");
    parse_good("OPTIONS * HTTP/1.1\r\nHost: [::1]:8\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_ASTERISK);
    slice_is(request.path, "*");
    slice_is(request.host, "[::1]");
    parse_good("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
    assert_int_equal(request.form, HTTP_TARGET_AUTHORITY);
    slice_is(request.target, "a:443");
}

static void knows_methods(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_method method;
    } methods[] = {
        {"DELETE", HTTP_METHOD_DELETE},   {"GET", HTTP_METHOD_GET},     {"HEAD", HTTP_METHOD_HEAD},
        {"OPTIONS", HTTP_METHOD_OPTIONS}, {"PATCH", HTTP_METHOD_PATCH}, {"POST", HTTP_METHOD_POST},
        {"PUT", HTTP_METHOD_PUT},         {"TRACE", HTTP_METHOD_TRACE}, {"get", HTTP_METHOD_OTHER},
        {"GETX", HTTP_METHOD_OTHER},      {"GE", HTTP_METHOD_OTHER},
    };
    for (size_t i = 0; i < COUNT(methods); i++) {
        char text[128];
        stpcpy(stpcpy(text, methods[i].text), " / HTTP/1.1\r\n" HOST END);
        parse_good(text);
        assert_int_equal(request.method, methods[i].method);
    }
}

static void knows_fields(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum http_field_id id;
        bool hop_by_hop;
    } fields[] = {
        {"Accept: x\r\n", HTTP_FIELD_ACCEPT, false},
        {"ACCEPT: x\r\n", HTTP_FIELD_ACCEPT, false},
        {"Accepts: x\r\n", HTTP_FIELD_OTHER, false},
        {"Connection: close\r\n", HTTP_FIELD_CONNECTION, true},
        {"Content-Length: 3\r\n", HTTP_FIELD_CONTENT_LENGTH, true},
        {"Cookie: a=b\r\n", HTTP_FIELD_COOKIE, false},
        {"Expect: 100-continue\r\n", HTTP_FIELD_EXPECT, false},
        {"Keep-Alive: timeout=5\r\n", HTTP_FIELD_KEEP_ALIVE, true},
        {"Proxy-Authenticate: x\r\n", HTTP_FIELD_PROXY_AUTHENTICATE, true},
        {"Proxy-Authorization: x\r\n", HTTP_FIELD_PROXY_AUTHORIZATION, true},
        {"Proxy-Connection: x\r\n", HTTP_FIELD_PROXY_CONNECTION, true},
        {"TE: trailers\r\n", HTTP_FIELD_TE, true},
        {"Trailer: x\r\n", HTTP_FIELD_TRAILER, false},
        {"Transfer-Encoding: chunked\r\n", HTTP_FIELD_TRANSFER_ENCODING, true},
        {"Upgrade: x\r\n", HTTP_FIELD_UPGRADE, true},
        {"X-Forwarded-For: x\r\n", HTTP_FIELD_X_FORWARDED_FOR, false},
        {"X-Forwarded-Host: x\r\n", HTTP_FIELD_X_FORWARDED_HOST, false},
        {"X-Forwarded-Proto: x\r\n", HTTP_FIELD_X_FORWARDED_PROTO, false},
        {"X-Forwarded_For: x\r\n", HTTP_FIELD_OTHER, false},
        {"Transfer_Encoding: x\r\n", HTTP_FIELD_OTHER, false},
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        char text[256];
        stpcpy(stpcpy(stpcpy(text, POST_A), fields[i].line), END);
        parse_good(text);
        assert_int_equal(request.fields.items[1].id, fields[i].id);
        assert_int_equal(request.fields.items[1].hop_by_hop, fields[i].hop_by_hop);
    }
}

static bool hop_by_hop(const char *name)
{
    for (size_t i = 0; i < request.fields.len; i++) {
        const struct http_field *f = &request.fields.items[i];
        if (http_name_is(current + f->name.at, f->name.len, name))
            return f->hop_by_hop;
    }
    fail_msg("no field %s", name);
    return false;
}

static void connection_names_fields(void **state)
{
    (void)state;
    parse_good(GET_A "X-A: 1\r\nConnection: x-a , X-B,x-none\r\nX-a: 2\r\nx-b: 3\r\nX-AB: 4\r\n"
                     "Connection: X-C\r\nx-c: 5\r\n" END);
    assert_true(hop_by_hop("x-a"));
    assert_true(request.fields.items[3].hop_by_hop);
    assert_true(hop_by_hop("x-b"));
    assert_true(hop_by_hop("x-c"));
    assert_false(hop_by_hop("x-ab"));
}

static void connection_cannot_remove_what_matters(void **state)
{
    (void)state;
    parse_good(GET_A "Connection: host, cookie, authorization, x-forwarded-for,"
                     "x-forwarded-proto, x-forwarded-host, expect\r\n"
                     "Cookie: a=b\r\nAuthorization: Basic x\r\nX-Forwarded-For: 192.0.2.1\r\n"
                     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n"
                     "Expect: 100-continue\r\n" END);
    assert_false(hop_by_hop("host"));
    assert_false(hop_by_hop("cookie"));
    assert_false(hop_by_hop("authorization"));
    assert_false(hop_by_hop("x-forwarded-for"));
    assert_false(hop_by_hop("x-forwarded-proto"));
    assert_false(hop_by_hop("x-forwarded-host"));
    assert_false(hop_by_hop("expect"));
    parse_good(POST_A "Connection: content-length, transfer-encoding\r\nContent-Length: 3\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_LENGTH);
    assert_int_equal(request.content_length, 3);
}

static void too_many_connection_options(void **state)
{
    (void)state;
    char text[1024];
    char *end = stpcpy(text, GET_A "Connection: a");
    for (int i = 1; i < 65; i++)
        end = stpcpy(end, ",a");
    stpcpy(end, END END);
    assert_int_equal(verdict(text, strlen(text), true), 400);
    stpcpy(end - 2, END END);
    assert_int_equal(verdict(text, strlen(text), true), 0);
}

static void request_body(void **state)
{
    (void)state;
    parse_good(POST_A "Content-Length: 0\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_LENGTH);
    assert_int_equal(request.content_length, 0);
    parse_good(POST_A "Content-Length: 9223372036854775807\r\n" END);
    assert_true(request.content_length == INT64_MAX);
    parse_good(POST_A "Transfer-Encoding: Chunked\r\n" END);
    assert_int_equal(request.body, HTTP_BODY_CHUNKED);
    parse_good(POST_A END);
    assert_int_equal(request.body, HTTP_BODY_NONE);
}

static void keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } heads[] = {
        {GET_A END, true},
        {GET_A "Connection: close\r\n" END, false},
        {GET_A "Connection: x, CLOSE\r\n" END, false},
        {GET_A "Connection: keep-alive\r\nConnection: close\r\n" END, false},
        {GET_A "Connection: closed\r\n" END, true},
        {GET_A "Proxy-Connection: close\r\n" END, true},
        {OLD_GET END, false},
        {OLD_GET "Connection: Keep-Alive\r\n" END, true},
        {OLD_GET "Connection: keep-alive, close\r\n" END, false},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        parse_good(heads[i].text);
        assert_int_equal(request.keep_alive, heads[i].keep_alive);
    }
}

static void upgrade_and_expect(void **state)
{
    (void)state;
    parse_good(GET_A "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" END);
    assert_true(request.upgrade);
    parse_good(GET_A "Upgrade: websocket\r\n" END);
    assert_false(request.upgrade);
    parse_good(GET_A "Connection: upgrade\r\n" END);
    assert_false(request.upgrade);
    parse_good(OLD_GET "Connection: upgrade\r\nUpgrade: websocket\r\n" END);
    assert_false(request.upgrade);
    parse_good(POST_A "Expect: 100-continue\r\nContent-Length: 1\r\n" END);
    assert_true(request.expect_continue);
    parse_good("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n" END);
    assert_false(request.expect_continue);
}

static void stops_at_the_end_of_the_head(void **state)
{
    (void)state;
    const char text[] = GET_A END "GET /next HTTP/1.1\r\n";
    size_t scanned = 0;
    assert_int_equal(http_head_end(text, sizeof(text) - 1, true, &scanned), sizeof(GET_A END) - 1);
}

static void compares_names(void **state)
{
    (void)state;
    assert_true(http_name_is("Host", 4, "host"));
    assert_true(http_name_is("", 0, ""));
    assert_false(http_name_is("Hos", 3, "host"));
    assert_false(http_name_is("Hosts", 5, "host"));
    assert_false(http_name_is("host\0", 5, "host"));
    assert_false(http_name_is("K\r", 2, "k-"));
    assert_false(http_name_is("@", 1, "`"));
}

/* --- responses -------------------------------------------------------------------------------- */

#define OK     "HTTP/1.1 200 OK\r\n"
#define OLD_OK "HTTP/1.0 200 OK\r\n"

static void response_heads(void **state)
{
    (void)state;
    static const struct head heads[] = {
        HEAD(0, OK END),
        HEAD(0, OLD_OK END),
        HEAD(0, "HTTP/1.1 200 \r\n" END),
        HEAD(0, "HTTP/1.1 200\r\n" END),
        HEAD(0, "HTTP/1.1 599 Sp\xc3\xa4t\tzu  Bett \r\n" END),
        HEAD(0, "HTTP/1.1 100 Continue\r\n" END),
        HEAD(400, "HTTP/1.1 600 X\r\n" END),
        HEAD(400, "HTTP/1.1 099 X\r\n" END),
        HEAD(400, "HTTP/1.1 20 OK\r\n" END),
        HEAD(400, "HTTP/1.1 2000 OK\r\n" END),
        HEAD(400, "HTTP/1.1 2x0 OK\r\n" END),
        HEAD(400, "HTTP/1.1  200 OK\r\n" END),
        HEAD(400, "HTTP/1.1 200OK\r\n" END),
        HEAD(400, "HTTP/1.1\t200 OK\r\n" END),
        HEAD(400, "HTTP/1.1 200\tOK\r\n" END),
        HEAD(400, "HTTP/1.1\r\n" END),
        HEAD(400, "HTTP/1.2 200 OK\r\n" END),
        HEAD(400, "HTTP/2.0 200 OK\r\n" END),
        HEAD(400, "HTTP/2 200\r\n" END),
        HEAD(400, "http/1.1 200 OK\r\n" END),
        HEAD(400, "ICY 200 OK\r\n" END),
        HEAD(400, " HTTP/1.1 200 OK\r\n" END),
        HEAD(400, "\r\nHTTP/1.1 200 OK\r\n" END),
        HEAD(400, "HTTP/1.1 200 O\x01K\r\n" END),
        HEAD(400, "HTTP/1.1 200 O\x00K\r\n" END),
        HEAD(400, "HTTP/1.1 200 OK\n" END),
        HEAD(400, "HTTP/1.1 200 OK\n\n"),
        HEAD(400, "<html>\n"),
        HEAD(0, OK "Server: x\r\n" END),
        HEAD(400, OK " Server: x\r\n" END),
        HEAD(400, OK "Server: x\r\n y\r\n" END),
        HEAD(400, OK "Server : x\r\n" END),
        HEAD(400, OK "Server: x\x7f\r\n" END),
        HEAD(0, OK "Content-Length: 5\r\n" END),
        HEAD(400, OK "Content-Length: 5\r\nContent-Length: 5\r\n" END),
        HEAD(400, OK "Content-Length: 5\r\nContent-Length: 6\r\n" END),
        HEAD(400, OK "Content-Length: 5, 5\r\n" END),
        HEAD(400, OK "Content-Length: -1\r\n" END),
        HEAD(400, OK "Content-Length:\r\n" END),
        HEAD(0, OK "Transfer-Encoding: chunked\r\n" END),
        HEAD(400, OK "Transfer-Encoding: gzip, chunked\r\n" END),
        HEAD(400, OK "Transfer-Encoding: gzip\r\n" END),
        HEAD(400, OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END),
        HEAD(400, OLD_OK "Transfer-Encoding: chunked\r\n" END),
        HEAD(0, OLD_OK "Content-Length: 5\r\n" END),
        HEAD(0, "HTTP/1.1 204 No Content\r\n" END),
        HEAD(0, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n" END),
        HEAD(400, "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n" END),
        HEAD(400, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n" END),
        HEAD(400, "HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(0, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" END),
        HEAD(0, "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n" END),
        HEAD(400, OK "Connection: a b\r\n" END),
        HEAD(MORE, OK),
        HEAD(MORE, "HTTP/1.1 200"),
    };
    check_heads(heads, COUNT(heads), false);
}

static void response_body(void **state)
{
    (void)state;
    static const struct {
        enum http_method method;
        const char *text;
        enum http_body body;
    } heads[] = {
        {HTTP_METHOD_GET, OK "Content-Length: 5\r\n" END, HTTP_BODY_LENGTH},
        {HTTP_METHOD_GET, OK "Transfer-Encoding: chunked\r\n" END, HTTP_BODY_CHUNKED},
        {HTTP_METHOD_GET, OK END, HTTP_BODY_UNTIL_CLOSE},
        {HTTP_METHOD_GET, OLD_OK END, HTTP_BODY_UNTIL_CLOSE},
        {HTTP_METHOD_HEAD, OK "Content-Length: 5\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_HEAD, OK "Transfer-Encoding: chunked\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_HEAD, OK END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 304 X\r\nContent-Length: 5\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 204 X\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 100 X\r\n" END, HTTP_BODY_NONE},
        {HTTP_METHOD_GET, "HTTP/1.1 205 X\r\nContent-Length: 0\r\n" END, HTTP_BODY_LENGTH},
        {HTTP_METHOD_CONNECT, OK END, HTTP_BODY_NONE},
        {HTTP_METHOD_CONNECT, "HTTP/1.1 407 X\r\nContent-Length: 1\r\n" END, HTTP_BODY_LENGTH},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        parse_response_to(heads[i].method, heads[i].text);
        assert_int_equal(response.body, heads[i].body);
    }
}

static void response_parts(void **state)
{
    (void)state;
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.0 404 Not Found\r\nContent-Length: 12\r\n"
                                       "Connection: keep-alive, x-a\r\nX-A: 1\r\nX-B: 2\r\n\r\n");
    assert_int_equal(response.status, 404);
    assert_int_equal(response.minor, 0);
    assert_int_equal(response.content_length, 12);
    assert_true(response.keep_alive);
    assert_false(response.upgrade);
    slice_is(response.reason, "Not Found");
    slice_is(response.fields.items[2].name, "X-A");
    assert_true(response.fields.items[2].hop_by_hop);
    assert_false(response.fields.items[3].hop_by_hop);
}

static void response_connection(void **state)
{
    (void)state;
    parse_response_to(HTTP_METHOD_GET, OK "Content-Length: 0\r\n" END);
    assert_true(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OK "Content-Length: 0\r\nConnection: close\r\n" END);
    assert_false(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OLD_OK "Content-Length: 0\r\n" END);
    assert_false(response.keep_alive);
    parse_response_to(HTTP_METHOD_GET, OK "Connection: keep-alive\r\n" END);
    assert_false(response.keep_alive); /* its body ends with the connection */
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 101 Switching Protocols\r\n"
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_true(response.upgrade);
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n");
    assert_false(response.upgrade);
    parse_response_to(HTTP_METHOD_GET, "HTTP/1.1 426 X\r\nConnection: upgrade\r\n"
                                       "Upgrade: websocket\r\n\r\n");
    assert_false(response.upgrade);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_line),
        cmocka_unit_test(request_target),
        cmocka_unit_test(request_host),
        cmocka_unit_test(request_fields),
        cmocka_unit_test(request_framing),
        cmocka_unit_test(request_limits),
        cmocka_unit_test(finds_parts),
        cmocka_unit_test(finds_path_of_absolute_target),
        cmocka_unit_test(knows_methods),
        cmocka_unit_test(knows_fields),
        cmocka_unit_test(connection_names_fields),
        cmocka_unit_test(connection_cannot_remove_what_matters),
        cmocka_unit_test(too_many_connection_options),
        cmocka_unit_test(request_body),
        cmocka_unit_test(keep_alive),
        cmocka_unit_test(upgrade_and_expect),
        cmocka_unit_test(stops_at_the_end_of_the_head),
        cmocka_unit_test(compares_names),
        cmocka_unit_test(response_heads),
        cmocka_unit_test(response_body),
        cmocka_unit_test(response_parts),
        cmocka_unit_test(response_connection),
    };
    return cmocka_run_group_tests(tests, map_guard, NULL);
}
