/* Request and response heads: tables of what is accepted and refused, each head also cut at every
 * byte, and always right before a page that faults when read. */
#include "proxyd/http.h"

#include <string.h>

#include "http_guard.h"

#define MORE 1 /* instead of a status: the head never ends */

struct head {
    const char *text;
    size_t len;
    int status;
};
#define HEAD(status, text)                                                                         \
    {                                                                                              \
        text, sizeof(text) - 1, status                                                             \
    }
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

static const struct head line_heads[] = {
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

static void request_line(void **state)
{
    (void)state;
    check_heads(line_heads, COUNT(line_heads), true);
}

static const struct head target_heads[] = {
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
    HEAD(0, "GET http://a.example/ HTTP/1.0\r\n" END),
    HEAD(400, "GET http://a.example/ HTTP/1.0\r\nHost:\r\n" END),
    HEAD(0, "GET http://a.example:80/ HTTP/1.1\r\n" HOST END),
    HEAD(0, "GET http://a.example/ HTTP/1.1\r\nHost: a.example:80\r\n" END),
    HEAD(0, "GET http://A.example:/ HTTP/1.1\r\n" HOST END),
    HEAD(0, "GET https://a.example:443/ HTTP/1.1\r\n" HOST END),
    HEAD(400, "GET https://a.example:80/ HTTP/1.1\r\n" HOST END),
    HEAD(400, "GET http://a.example:443/ HTTP/1.1\r\n" HOST END),
    HEAD(400, "GET http://a.example:8080/ HTTP/1.1\r\n" HOST END),
    HEAD(400, "GET http://:80/ HTTP/1.1\r\n" HOST END),
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

static void request_target(void **state)
{
    (void)state;
    check_heads(target_heads, COUNT(target_heads), true);
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

static const struct head framing_heads[] = {
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
    HEAD(400, POST_A "Content-Length: 5,\r\n" END),
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
    HEAD(0, POST_A "Expect:\r\n" END),
    HEAD(417, POST_A "Expect: 100-continue, x\r\n" END),
    HEAD(0, GET_A "Connection: close\r\n" END),
    HEAD(0, GET_A "Connection: , a ,\t,b,\r\n" END),
    HEAD(0, GET_A "Connection:\r\n" END),
    HEAD(400, GET_A "Connection: a b\r\n" END),
    HEAD(400, GET_A "Connection: \"close\"\r\n" END),
    HEAD(400, GET_A "Connection: a;b\r\n" END),
};

static void request_framing(void **state)
{
    (void)state;
    check_heads(framing_heads, COUNT(framing_heads), true);
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

/* --- responses -------------------------------------------------------------------------------- */

#define OK     "HTTP/1.1 200 OK\r\n"
#define OLD_OK "HTTP/1.0 200 OK\r\n"

static const struct head answer_heads[] = {
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
    HEAD(0, OK "Content-Length: 5\r\nContent-Length: 5\r\n" END),
    HEAD(0, OK "Content-Length: 5\r\nContent-Length: 05, 5\r\n" END),
    HEAD(400, OK "Content-Length: 5\r\nContent-Length: 6\r\n" END),
    HEAD(0, OK "Content-Length: 5, 5\r\n" END),
    HEAD(400, OK "Content-Length: 5, 6\r\n" END),
    HEAD(400, OK "Content-Length: 5,\r\n" END),
    HEAD(400, OK "Content-Length: ,5\r\n" END),
    HEAD(400, OK "Content-Length: 5 5\r\n" END),
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
    HEAD(0, "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n" END),
    HEAD(0, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n" END),
    HEAD(0, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\nContent-Length: x\r\n" END),
    HEAD(0, "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n" END),
    HEAD(0, "HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n" END),
    HEAD(0, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n" END),
    HEAD(0, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" END),
    HEAD(0, "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n" END),
    HEAD(400, OK "Connection: a b\r\n" END),
    HEAD(MORE, OK),
    HEAD(MORE, "HTTP/1.1 200"),
};

static void response_heads(void **state)
{
    (void)state;
    check_heads(answer_heads, COUNT(answer_heads), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_line),    cmocka_unit_test(request_target),
        cmocka_unit_test(request_host),    cmocka_unit_test(request_fields),
        cmocka_unit_test(request_framing), cmocka_unit_test(request_limits),
        cmocka_unit_test(response_heads),
    };
    return cmocka_run_group_tests(tests, map_guard, NULL);
}
