/* Heads as they go further, byte by byte: a table of what comes in and what must go out. */
#include "proxyd/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PEER         "192.0.2.7"
#define HOST         "Host: a.example\r\n"
#define FORWARDED                                                                                  \
    "X-Forwarded-For: " PEER "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n"
#define END "\r\n"

static struct forward f;

/* The pieces as one text; the next call overwrites it. */
static const char *joined(void)
{
    static char text[4 * HTTP_HEAD_MAX];
    size_t len = 0;

    assert_in_range(f.n, 1, FORWARD_PIECES);
    assert_in_range(f.text_len, 0, FORWARD_TEXT);
    for (int i = 0; i < f.n; i++) {
        assert_true(len + f.iov[i].iov_len < sizeof text);
        memcpy(text + len, f.iov[i].iov_base, f.iov[i].iov_len);
        len += f.iov[i].iov_len;
    }
    text[len] = '\0';
    return text;
}

static const char *request_through(const char *text)
{
    static struct http_request r;

    if (http_parse_request(text, strlen(text), &r) != 0)
        fail_msg("not a request: %s", text);
    forward_request(&f, text, &r, PEER);
    return joined();
}

struct exchange {
    const char *in, *out;
};

static const struct exchange request_cases[] = {
    /* as it came */
    {"GET / HTTP/1.1\r\n" HOST END, "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    {"\r\nGET /a?b=c%20d HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n",
     "GET /a?b=c%20d HTTP/1.1\r\n" HOST "Accept: */*\r\n" FORWARDED END},
    {"DELETE // HTTP/1.1\r\nhOST: a.example\r\nX-A:1\r\nx-a: \t 2 \t\r\nX-A:\r\n\r\n",
     "DELETE // HTTP/1.1\r\nhOST: a.example\r\nX-A:1\r\nx-a: \t 2 \t\r\nX-A:\r\n" FORWARDED END},
    {"PURGE /x HTTP/1.1\r\n" HOST "Cookie: a=b\r\nAuthorization: Basic eA==\r\n\r\n",
     "PURGE /x HTTP/1.1\r\n" HOST "Cookie: a=b\r\nAuthorization: Basic eA==\r\n" FORWARDED END},
    {"OPTIONS * HTTP/1.1\r\n" HOST END, "OPTIONS * HTTP/1.1\r\n" HOST FORWARDED END},
    {"GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n",
     "GET / HTTP/1.1\r\nHost: A.Example:8080\r\nX-Forwarded-For: " PEER
     "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: A.Example:8080\r\n\r\n"},

    /* fields of one connection go no further */
    {"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
     "Proxy-Connection: keep-alive\r\nTE: trailers\r\nProxy-Authorization: Basic eA==\r\n"
     "Proxy-Authenticate: Basic\r\nX: y\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "X: y\r\n" FORWARDED END},
    {"GET / HTTP/1.1\r\n" HOST "Connection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n"
     "x-hop: 3\r\nX-Hopper: 4\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "X-End: 2\r\nX-Hopper: 4\r\n" FORWARDED END},
    {"GET / HTTP/1.1\r\nX-Hop: 1\r\n" HOST "connection: x-hop\r\nConnection: X-2\r\n"
     "X-2: 1\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    /* and what no client may take away stays */
    {"GET / HTTP/1.1\r\n" HOST "Connection: host, cookie, authorization, x-forwarded-for\r\n"
     "Cookie: a\r\nAuthorization: b\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "Cookie: a\r\nAuthorization: b\r\n"
     "X-Forwarded-For: 1.2.3.4, " PEER
     "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n", /* Connection does not name it */
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},

    /* X-Forwarded-* */
    {"GET / HTTP/1.1\r\n" HOST "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "X-Forwarded-For: 10.0.0.1, 10.0.0.2, " PEER
     "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n\r\n"},
    {"GET / HTTP/1.1\r\nx-forwarded-for: 10.0.0.1\r\n" HOST
     "X-FORWARDED-FOR:\r\nX-Forwarded-For: 10.0.0.2 \r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "X-Forwarded-For: 10.0.0.1, 10.0.0.2, " PEER
     "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
     "X-Forwarded-For: " PEER "\r\nX-Forwarded-Host: a.example\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "x-forwarded-host: b\r\nX-Forwarded-Proto: https\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST "x-forwarded-host: b\r\nX-Forwarded-Proto: https\r\n"
     "X-Forwarded-For: " PEER "\r\n\r\n"},

    /* framing is ours */
    {"POST / HTTP/1.1\r\n" HOST END,
     "POST / HTTP/1.1\r\n" HOST FORWARDED "Content-Length: 0\r\n\r\n"},
    {"POST / HTTP/1.1\r\nContent-Length: 0\r\n" HOST END,
     "POST / HTTP/1.1\r\n" HOST FORWARDED "Content-Length: 0\r\n\r\n"},
    {"POST / HTTP/1.1\r\n" HOST "content-length: 007\r\nA: b\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST "A: b\r\n" FORWARDED "Content-Length: 7\r\n\r\n"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775807\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST FORWARDED "Content-Length: 9223372036854775807\r\n\r\n"},
    {"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n",
     "PUT / HTTP/1.1\r\n" HOST "Trailer: X-Sum\r\n" FORWARDED "Transfer-Encoding: chunked\r\n\r\n"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
     "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n" FORWARDED "Content-Length: 3\r\n\r\n"},

    /* HTTP/1.0 becomes 1.1 */
    {"GET /old HTTP/1.0\r\n\r\n",
     "GET /old HTTP/1.1\r\nX-Forwarded-For: " PEER "\r\nX-Forwarded-Proto: http\r\n\r\n"},
    {"GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    {"POST / HTTP/1.0\r\n" HOST "Content-Length: 2\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST FORWARDED "Content-Length: 2\r\n\r\n"},
    {"GET / HTTP/1.0\r\n" HOST "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},

    /* absolute-form */
    {"GET http://a.example/p?q HTTP/1.1\r\n" HOST END, "GET /p?q HTTP/1.1\r\n" HOST FORWARDED END},
    {"GET http://a.example HTTP/1.1\r\n" HOST END, "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    {"GET http://a.example?q=1 HTTP/1.1\r\n" HOST END, "GET /?q=1 HTTP/1.1\r\n" HOST FORWARDED END},
    {"OPTIONS http://a.example HTTP/1.1\r\n" HOST END, "OPTIONS * HTTP/1.1\r\n" HOST FORWARDED END},
    {"OPTIONS http://a.example?q HTTP/1.1\r\n" HOST END,
     "OPTIONS /?q HTTP/1.1\r\n" HOST FORWARDED END},
    {"OPTIONS HTTPS://A.EXAMPLE/ HTTP/1.1\r\n" HOST END,
     "OPTIONS / HTTP/1.1\r\n" HOST FORWARDED END},
    {"HEAD http://a.example// HTTP/1.1\r\n" HOST END, "HEAD // HTTP/1.1\r\n" HOST FORWARDED END},

    /* upgrades */
    {"GET /ws HTTP/1.1\r\n" HOST "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Key: x\r\n\r\n",
     "GET /ws HTTP/1.1\r\n" HOST "Sec-WebSocket-Key: x\r\n" FORWARDED
     "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "Upgrade: a/1, b\r\nupgrade: c\r\nConnection: upgrade\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    {"GET / HTTP/1.1\r\n" HOST
     "Upgrade: a/1 ,, WebSocket \r\nupgrade: c\r\nConnection: upgrade\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket/13\r\nConnection: upgrade\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},
    {"POST / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: upgrade, HTTP2-Settings\r\n"
     "HTTP2-Settings: AAA\r\nContent-Length: 1\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST FORWARDED "Content-Length: 1\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" HOST "HTTP2-Settings: AAA\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST FORWARDED END},
};

static void requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++)
        assert_string_equal(request_through(request_cases[i].in), request_cases[i].out);
}

/* What goes out is a head that means the same, and going through again changes nothing but what
 * must change. */
/* Of what the client sent, nothing but its method and what it accepts goes to the page of waiting.
 */
static void for_the_page_of_waiting(void **state)
{
    static const struct exchange cases[] = {
        {"GET /a?b HTTP/1.1\r\n" HOST "Accept: text/html\r\nX: y\r\nAccept-Language: ja\r\n"
         "Cookie: a=b\r\nContent-Length: 5\r\n\r\n",
         "GET /starting HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n"
         "Accept-Language: ja\r\n\r\n"},
        {"HEAD http://a.example/ HTTP/1.1\r\n" HOST "Accept:application/json\r\n"
         "Accept-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HEAD /starting HTTP/1.1\r\nHost: shop.example\r\nAccept:application/json\r\n\r\n"},
    };
    static const char with_cookie[] =
        "GET / HTTP/1.1\r\n" HOST "Cookie: x=1; mirage-ecs-auth=TOKEN; y=2\r\n\r\n";
    static struct http_request r;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(http_parse_request(cases[i].in, strlen(cases[i].in), &r), 0);
        forward_waiting(&f, cases[i].in, &r, "shop.example", (struct http_slice){0}, true);
        assert_string_equal(joined(), cases[i].out);
    }
    assert_int_equal(http_parse_request(cases[0].in, strlen(cases[0].in), &r), 0);
    forward_waiting(&f, cases[0].in, &r, "shop.example", (struct http_slice){0}, false);
    assert_string_equal(joined(), "GET /starting?wakes=no HTTP/1.1\r\nHost: shop.example\r\n"
                                  "Accept: text/html\r\nAccept-Language: ja\r\n\r\n");
    assert_int_equal(http_parse_request(with_cookie, strlen(with_cookie), &r), 0);
    forward_waiting(&f, with_cookie, &r, "shop.example",
                    (struct http_slice){(uint32_t)(strstr(with_cookie, "TOKEN") - with_cookie), 5},
                    true);
    assert_string_equal(joined(), "GET /starting HTTP/1.1\r\nHost: shop.example\r\n"
                                  "Cookie: mirage-ecs-auth=TOKEN\r\n\r\n");
}

static void forwarded_requests_parse(void **state)
{
    struct http_request r;
    const char *again = "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                        "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    char *copy = strdup(request_through(again));

    (void)state;
    assert_int_equal(http_parse_request(copy, strlen(copy), &r), 0);
    assert_int_equal(r.body, HTTP_BODY_CHUNKED);
    assert_true(r.upgrade);
    assert_int_equal(r.minor, 1);
    assert_non_null(strstr(request_through(copy), "X-Forwarded-For: " PEER ", " PEER "\r\n"));
    free(copy);
}

/* Heads with as many fields as there may be, in the ways that make most pieces. */
static void full_heads(void **state)
{
    static const char *const lines[][2] = {
        {"X-Keep: 1\r\n", "X-Keep: 2\r\n"},
        {"X-Keep: 1\r\n", "X-Forwarded-For: 1\r\n"},
        {"X-Forwarded-For: 1\r\n", "X-Forwarded-For: 2\r\n"},
        {"X-Keep: 1\r\n", "Upgrade: x\r\n"},
        {"Upgrade: x\r\n", "X-Forwarded-For: 1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        static struct http_request r;
        struct buf head = {0};
        const char *out;
        size_t kept = 0;

        buf_str(&head, "GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\n");
        for (size_t k = 2; k < HTTP_FIELDS_MAX; k++)
            buf_str(&head, lines[i][k % 2]);
        buf_str(&head, "\r\n");
        assert_int_equal(http_parse_request(head.data, head.len, &r), 0);
        assert_int_equal(r.fields.len, HTTP_FIELDS_MAX);
        forward_request(&f, head.data, &r, "2001:0db8:0000:0000:0000:0000:255.255.255.255");
        out = joined();
        for (const char *p = out; (p = strstr(p, "X-Keep: ")); p++)
            kept++;
        assert_int_equal(kept, (lines[i][0][2] == 'K') * 63 + (lines[i][1][2] == 'K') * 63);
        assert_string_equal(out + strlen(out) - 4, "\r\n\r\n");
        buf_free(&head);
    }
}

struct answer {
    const char *in;
    enum http_method method;
    int client_minor;
    bool keep_alive; /* what the client asked for */
    const char *out;
    bool out_chunked, stays; /* the plan */
};

#define GET  HTTP_METHOD_GET
#define HEAD HTTP_METHOD_HEAD

static const struct answer response_cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n", false, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GET, 1, false,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, true},
    {"HTTP/1.1 404 \r\nContent-Length: 005\r\n\r\n", GET, 1, true,
     "HTTP/1.1 404 \r\nContent-Length: 5\r\n\r\n", false, true},
    {"HTTP/1.1 599 Any words, 1 2 3!\r\nContent-Length: 1\r\n\r\n", GET, 1, true,
     "HTTP/1.1 599 Any words, 1 2 3!\r\nContent-Length: 1\r\n\r\n", false, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", false, true},

    /* chunks, or no length at all */
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n", true, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", GET, 1, false,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", true, false},
    {"HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n", true, true},
    {"HTTP/1.0 200 OK\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, true},

    /* clients of HTTP/1.0 */
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GET, 0, false,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GET, 0, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", GET, 0, true,
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, false},
    {"HTTP/1.1 200 OK\r\n\r\n", GET, 0, true, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false,
     false},
    {"HTTP/1.1 304 Not Modified\r\n\r\n", GET, 0, true,
     "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n", false, true},

    /* no body: HEAD, 204, 304 */
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HEAD, 1, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, true},
    {"HTTP/1.1 200 OK\r\n\r\n", HEAD, 1, true, "HTTP/1.1 200 OK\r\n\r\n", false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HEAD, 1, true,
     "HTTP/1.1 200 OK\r\n\r\n", false, true},
    {"HTTP/1.1 204 No Content\r\n\r\n", GET, 1, true, "HTTP/1.1 204 No Content\r\n\r\n", false,
     true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", GET, 1, true,
     "HTTP/1.1 204 No Content\r\n\r\n", false, true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: \"x\"\r\n\r\n", GET, 1, true,
     "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 77\r\n\r\n", false, true},
    {"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", GET, 1, true,
     "HTTP/1.1 304 Not Modified\r\n\r\n", false, true},

    /* interim ones: no framing, no Connection */
    {"HTTP/1.1 100 Continue\r\n\r\n", GET, 1, false, "HTTP/1.1 100 Continue\r\n\r\n", false, false},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n\r\n", GET, 1, true,
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", false, true},
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Hop\r\nUpgrade: websocket\r\n"
     "X-Hop: 1\r\nSec-WebSocket-Accept: x\r\n\r\n",
     GET, 1, true,
     "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: upgrade\r\n"
     "Upgrade: websocket\r\n\r\n",
     false, true},

    /* fields of one connection */
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n"
     "Set-Cookie: a=b\r\nProxy-Authenticate: x\r\nTE: x\r\nUpgrade: h2c\r\nSet-Cookie: c=d\r\n"
     "Content-Length: 1\r\n\r\n",
     GET, 1, true,
     "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 1\r\n\r\n", false,
     true},
    /* what a task says of forwarding passes as it is */
    {"HTTP/1.1 200 OK\r\nX-Forwarded-For: 1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", GET, 1, true,
     "HTTP/1.1 200 OK\r\nX-Forwarded-For: 1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", false, true},
};

static void responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(response_cases); i++) {
        const struct answer *c = &response_cases[i];
        static struct http_response r;
        struct forward_plan plan;

        if (http_parse_response(c->in, strlen(c->in), c->method, &r) != 0)
            fail_msg("not a response: %s", c->in);
        plan = forward_plan(&r, c->client_minor, c->keep_alive);
        forward_response(&f, c->in, &r, c->client_minor, &plan);
        assert_string_equal(joined(), c->out);
        assert_int_equal(plan.out_chunked, c->out_chunked);
        assert_int_equal(plan.keep_alive, c->stays);
    }
}

/* RFC 9112, 6.1: Transfer-Encoding and Content-Length never go out together, nor twice. */
static void one_framing(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++)
        for (int method = 0; method < 2; method++) {
            static struct http_response r;
            struct forward_plan plan;
            size_t n = 0;
            if (http_parse_response(heads[i], strlen(heads[i]), method ? HEAD : GET, &r) != 0)
                continue; /* refusing it is as good */
            plan = forward_plan(&r, 1, true);
            forward_response(&f, heads[i], &r, 1, &plan);
            for (const char *p = joined(); (p = strcasestr(p, "\r\ncontent-length:")); p++)
                n++;
            for (const char *p = joined(); (p = strcasestr(p, "\r\ntransfer-encoding:")); p++)
                n++;
            assert_true(n <= 1);
            assert_null(strstr(joined(), "5, 5"));
        }
    assert_int_equal(
        http_parse_response(heads[2], strlen(heads[2]), GET, &(struct http_response){0}), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(for_the_page_of_waiting),
        cmocka_unit_test(forwarded_requests_parse),
        cmocka_unit_test(full_heads),
        cmocka_unit_test(responses),
        cmocka_unit_test(one_framing),
    };
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
