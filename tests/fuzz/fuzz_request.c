/* Request heads: slices stay inside, cuts change nothing, and what was accepted and is written
 * anew, as a proxy does, is accepted again and means the same. */
#include "fuzz_check.h"

static struct http_request first, again;

static size_t put(char *to, size_t at, const char *text, size_t len)
{
    memcpy(to + at, text, len);
    return at + len;
}

static size_t write_request(char *to, const char *buf, const struct http_request *r)
{
    size_t at = put(to, 0, buf + r->method_text.at, r->method_text.len);
    at = put(to, at, " ", 1);
    at = put(to, at, buf + r->target.at, r->target.len);
    at = put(to, at, r->minor == 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n", 11);
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        at = put(to, at, buf + f->name.at, f->name.len);
        at = put(to, at, ": ", 2);
        at = put(to, at, buf + f->value.at, f->value.len);
        at = put(to, at, "\r\n", 2);
    }
    return put(to, at, "\r\n", 2);
}

static void check_same(const char *a, const char *b)
{
    CHECK(first.method == again.method && first.form == again.form);
    CHECK(first.minor == again.minor && first.body == again.body);
    CHECK(first.content_length == again.content_length);
    CHECK(first.keep_alive == again.keep_alive && first.upgrade == again.upgrade);
    CHECK(first.expect_continue == again.expect_continue);
    CHECK(first.host.len == again.host.len);
    CHECK(!memcmp(a + first.host.at, b + again.host.at, first.host.len));
    CHECK(first.path.len == again.path.len && first.query.len == again.query.len);
    CHECK(first.fields.len == again.fields.len);
    for (size_t i = 0; i < first.fields.len; i++) {
        CHECK(first.fields.items[i].id == again.fields.items[i].id);
        CHECK(first.fields.items[i].hop_by_hop == again.fields.items[i].hop_by_hop);
    }
}

static void check_request(const char *buf, size_t len)
{
    check_slice(first.method_text, len);
    check_slice(first.target, len);
    check_slice(first.path, len);
    check_slice(first.query, len);
    check_slice(first.host, len);
    check_fields(buf, len, &first.fields);
    CHECK(first.body != HTTP_BODY_UNTIL_CLOSE && first.content_length <= INT64_MAX);
    CHECK(first.body == HTTP_BODY_LENGTH || first.content_length == 0);

    char *copy = malloc(len + 2 * HTTP_FIELDS_MAX);
    CHECK(copy);
    size_t n = write_request(copy, buf, &first), scanned = 0;
    CHECK(http_head_end(copy, n, true, &scanned) == (long)n);
    CHECK(http_parse_request(copy, n, &again) == 0);
    check_same(buf, copy);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t scanned = 0;
    char *buf = exact_copy(data, size);
    long end = http_head_end(buf, size, true, &scanned);
    CHECK(end >= -1 && end <= (long)size);
    CHECK(head_end_cut(data, size, true, size / 2 + 1) == end);
    if (size <= 512)
        CHECK(head_end_cut(data, size, true, 1) == end);
    size_t len = end > 0 ? (size_t)end : size;
    int status = http_parse_request(buf, len, &first);
    CHECK(status == 0 || status == 400 || status == 414 || status == 417 || status == 431 ||
          status == 501 || status == 505);
    if (status == 0) {
        CHECK(end > 0); /* what parses as a head is one */
        check_request(buf, len);
    }
    free_copy(buf, size);
    return 0;
}
