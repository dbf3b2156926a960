/* Whole messages through proxyd's parser, decoder and composer, as a connection does it: whole and
 * in parts. What is sent on has to be read by a careless reader as the message that a careless
 * reader sees in what came: the same method and target, the same host, the same body, the same end;
 * and nothing that belongs to one connection may have passed.
 *
 * The first byte: bit 0 a response, bits 1 and 2 its request (GET, HEAD, an HTTP/1.0 client), the
 * rest how long the parts are. */
#include "lenient.h"

#include "proxyd/body.h"
#include "proxyd/forward.h"

#define OUT_MAX (1 << 20)

struct stream {
    char *out; /* what the other side would get */
    size_t len;
    size_t used; /* of the input: all messages that are whole */
    int n;       /* messages that are whole */
    int refused; /* the status; 0: none */
};

static struct http_request request;
static struct http_response response;
static struct forward composed;
static struct stream *writing;
static struct lenient came, went;

static void put(const struct iovec *iov, int n)
{
    for (int i = 0; i < n; i++) {
        CHECK(writing->len + iov[i].iov_len <= OUT_MAX);
        if (iov[i].iov_len > 0)
            memcpy(writing->out + writing->len, iov[i].iov_base, iov[i].iov_len);
        writing->len += iov[i].iov_len;
    }
}

/* In place of outbuf.c's, which writes to a socket. */
enum outbuf_result outbuf_write(struct outbuf *o, int fd, struct iovec *iov, int n)
{
    (void)o;
    (void)fd;
    put(iov, n);
    return OUTBUF_DONE;
}

/* The body at data[at]. 1: ended, 0: more is needed, -1: malformed. */
static int pass_body(struct body *b, const char *data, size_t size, size_t at, size_t step,
                     size_t *end)
{
    size_t have = size - at > step ? at + step : size;

    for (;;) {
        size_t used;
        char *part = exact_copy(data + at, have - at);
        enum body_result r = body_pass(b, part, have - at, &used, NULL, -1);
        free_copy(part, have - at);
        CHECK(used <= have - at);
        at += used;
        *end = at;
        if (r != BODY_OK)
            return -1;
        if (b->done)
            return 1;
        if (have == size && used == 0)
            return 0;
        have = size - have > step ? have + step : size;
    }
}

/* The length of the head at data, which comes in parts; 0: not whole, -1: no head. */
static long find_head(const char *data, size_t size, size_t step, bool is_request)
{
    size_t scanned = 0;

    for (size_t have = step < size ? step : size;; have = size - have > step ? have + step : size) {
        char *part = exact_copy(data, have);
        long n = http_head_end(part, have, is_request, &scanned);
        free_copy(part, have);
        if (n != 0 || have == size)
            return n;
    }
}

/* Whatever came: instead of it goes one request for the page of waiting, without a body, and of the
 * client's only what it accepts. */
static void check_waiting(const char *head)
{
    static char out[OUT_MAX];
    struct stream s = {.out = out};
    const char *name;

    forward_waiting(&composed, head, &request, "shop.example", (struct http_slice){0}, true);
    writing = &s;
    put(composed.iov, composed.n);
    lenient_read(&went, s.out, s.len, 0, false, false);
    CHECK(went.complete && went.framings == 0 && went.body_len == 0 && went.end == s.len);
    CHECK(!strcmp(went.start[0], "GET") || !strcmp(went.start[0], "HEAD"));
    CHECK(!strcmp(went.start[1], "/starting") && !strcmp(went.start[2], "HTTP/1.1"));
    CHECK(!strcmp(lenient_value(&went, "host"), "shop.example"));
    for (size_t i = 0; i < went.n_fields; i++) {
        name = went.fields[i].name;
        CHECK(!strcasecmp(name, "host") || !strcasecmp(name, "accept") ||
              !strcasecmp(name, "accept-language"));
    }
}

/* One request at data[s->used]. false when there is no other behind it. */
static bool pass_request(struct stream *s, const char *data, size_t size, size_t step)
{
    const char *head = data + s->used;
    long n = find_head(head, size - s->used, step, true);
    struct body body;
    size_t before = s->len, end = s->used + (size_t)(n > 0 ? n : 0);
    int rc;

    if (n <= 0 || (s->refused = http_parse_request(head, (size_t)n, &request)) != 0) {
        s->refused = n < 0 ? 400 : s->refused;
        return false;
    }
    if (request.method == HTTP_METHOD_CONNECT) {
        s->refused = 501;
        return false;
    }
    check_waiting(head);
    writing = s;
    forward_request(&composed, head, &request, "192.0.2.1");
    put(composed.iov, composed.n);
    body_begin(&body, request.body, request.content_length, request.body == HTTP_BODY_CHUNKED);
    rc = body.done ? 1 : pass_body(&body, data, size, end, step, &end);
    if (rc <= 0) {
        s->len = before;
        s->refused = rc < 0 ? 400 : 0;
        return false;
    }
    s->used = end;
    s->n++;
    return request.keep_alive && !request.upgrade;
}

/* A final response at data, interim ones before it. */
static void pass_response(struct stream *s, const char *data, size_t size, size_t step,
                          enum http_method method, int client_minor)
{
    struct forward_plan plan;
    struct body body;
    int rc;

    do {
        long n = find_head(data + s->used, size - s->used, step, false);
        if (n <= 0 || http_parse_response(data + s->used, (size_t)n, method, &response) < 0) {
            s->refused = 502;
            return;
        }
        plan = forward_plan(&response, client_minor, true);
        s->len = 0; /* the interim ones are written, and not looked at */
        forward_response(&composed, data + s->used, &response, client_minor, &plan);
        put(composed.iov, composed.n);
        s->used += (size_t)n;
    } while (response.status < 200 && response.status != 101);
    if (response.status == 101)
        return;
    body_begin(&body, response.body, response.content_length, plan.out_chunked);
    rc = body.done ? 1 : pass_body(&body, data, size, s->used, step, &s->used);
    if (rc == 0)
        rc = body_end(&body, NULL, -1) == BODY_OK ? 1 : -1;
    s->n = rc > 0;
}

/* --- what a careless reader makes of it ------------------------------------------------------- */

static void check_hop_by_hop(const struct lenient *m, bool upgrade)
{
    static const char *const names[] = {"keep-alive",          "te",
                                        "proxy-connection",    "proxy-authenticate",
                                        "proxy-authorization", "http2-settings"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK(!lenient_value(m, names[i]));
    CHECK(!lenient_value(m, "upgrade") ||
          (upgrade && !strcmp(lenient_value(m, "upgrade"), "websocket")));
}

static void check_target(const char *before, const char *after)
{
    if (*before == '/' || *before == '*') {
        CHECK(!strcmp(before, after));
        return;
    }
    before = strstr(before, "://");
    CHECK(before);
    before += 3;
    before += strcspn(before, "/?");
    if (*before == '/')
        CHECK(!strcmp(before, after));
    else if (*before == '?')
        CHECK(*after == '/' && !strcmp(before, after + 1));
    else
        CHECK(!strcmp(after, "/") || !strcmp(after, "*"));
}

static void check_requests(const struct stream *s, const char *data, size_t size)
{
    size_t at = 0, out_at = 0;

    for (int i = 0; i < s->n; i++) {
        const char *host;
        lenient_read(&came, data, size, at, false, false);
        lenient_read(&went, s->out, s->len, out_at, false, false);
        CHECK(came.complete && went.complete && came.framings <= 1 && went.framings <= 1);
        CHECK(!strcmp(came.start[0], went.start[0]));
        check_target(came.start[1], went.start[1]);
        CHECK(!strcmp(went.start[2], "HTTP/1.1"));
        host = lenient_value(&came, "host");
        if (host)
            CHECK(lenient_value(&went, "host") && !strcmp(host, lenient_value(&went, "host")));
        check_hop_by_hop(&went, true);
        CHECK(lenient_value(&went, "x-forwarded-for"));
        CHECK(came.body_len == went.body_len && !memcmp(came.body, went.body, came.body_len));
        at = came.end;
        out_at = went.end;
    }
    CHECK(at == s->used && out_at == s->len);
}

static void check_response(const struct stream *s, const char *data, size_t size, bool head,
                           int client_minor)
{
    size_t at = 0;
    int status;

    do {
        lenient_read(&came, data, size, at, true, true);
        CHECK(came.complete);
        status = atoi(came.start[1]);
        if (status < 200)
            at = came.end;
    } while (status < 200);
    head = head || status == 204 || status == 304;
    lenient_read(&came, data, size, at, head, true);
    lenient_read(&went, s->out, s->len, 0, head, true);
    CHECK(came.complete && went.complete && went.end == s->len && came.end == s->used);
    /* A status that has no body may come with any framing, and goes on without. A length may come
     * more than once, and goes on once. */
    CHECK(status == 204 || status == 304 || came.framings <= 1 ||
          (came.lengths == came.framings && !came.differ));
    CHECK(went.framings <= 1);
    CHECK(!strcmp(came.start[1], went.start[1]) && !strcmp(went.start[0], "HTTP/1.1"));
    check_hop_by_hop(&went, false);
    CHECK(client_minor == 1 || !went.chunked);
    CHECK(came.body_len == went.body_len && !memcmp(came.body, went.body, came.body_len));
}

/* What both ways of cutting sent on means the same; chunks may lie differently. */
static void check_same(const struct stream *a, const struct stream *b, bool until_close)
{
    size_t at = 0, other_at = 0;

    CHECK(a->refused == b->refused && a->n == b->n && a->used == b->used);
    for (int i = 0; i < a->n; i++) {
        lenient_read(&came, a->out, a->len, at, false, until_close);
        lenient_read(&went, b->out, b->len, other_at, false, until_close);
        CHECK(came.complete == went.complete && came.n_fields == went.n_fields);
        for (size_t k = 0; k < came.n_fields; k++)
            CHECK(!strcmp(came.fields[k].name, went.fields[k].name) &&
                  !strcmp(came.fields[k].value, went.fields[k].value));
        CHECK(came.body_len == went.body_len && !memcmp(came.body, went.body, came.body_len));
        at = came.end;
        other_at = went.end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char outs[2][OUT_MAX], bodies[2][OUT_MAX];
    struct stream streams[2] = {{.out = outs[0]}, {.out = outs[1]}};
    const char *data = (const char *)bytes + 1;
    bool is_response, head;
    int client_minor;

    if (size < 2 || size > 60000)
        return 0;
    is_response = bytes[0] & 1;
    head = bytes[0] & 2;
    client_minor = bytes[0] & 4 ? 0 : 1;
    came.body = bodies[0];
    went.body = bodies[1];
    size--;
    for (int i = 0; i < 2; i++) {
        size_t step = i == 0 ? size : 1u + bytes[0] / 8;
        writing = &streams[i];
        if (is_response)
            pass_response(writing, data, size, step, head ? HTTP_METHOD_HEAD : HTTP_METHOD_GET,
                          client_minor);
        else
            while (writing->used < size && pass_request(writing, data, size, step))
                ;
    }
    writing = NULL;
    if (is_response && streams[0].n == 1)
        check_response(&streams[0], data, size, head, client_minor);
    if (!is_response)
        check_requests(&streams[0], data, size);
    check_same(&streams[0], &streams[1], is_response);
    return 0;
}
