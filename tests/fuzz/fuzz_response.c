/* Response heads, to a GET and to a HEAD: slices stay inside, cuts change nothing, and the method
 * decides about the body alone. */
#include "fuzz_check.h"

static struct http_response to_get, to_head;

static void check_response(const char *buf, size_t len)
{
    const struct http_response *r = &to_get;
    check_slice(r->reason, len);
    check_fields(buf, len, &r->fields);
    CHECK(r->status >= 100 && r->status <= 599);
    CHECK(r->minor == 0 || r->minor == 1);
    CHECK(r->content_length <= INT64_MAX);
    CHECK(!r->upgrade || r->status == 101);
    CHECK(!(r->body == HTTP_BODY_UNTIL_CLOSE && r->keep_alive));
    CHECK(!(r->body == HTTP_BODY_CHUNKED && r->minor == 0));
    CHECK(to_head.body == HTTP_BODY_NONE);
    CHECK(to_head.status == r->status && to_head.fields.len == r->fields.len);
    if (r->status < 200 || r->status == 204 || r->status == 304)
        CHECK(r->body == HTTP_BODY_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t scanned = 0;
    char *buf = exact_copy(data, size);
    long end = http_head_end(buf, size, false, &scanned);
    CHECK(end >= -1 && end <= (long)size);
    CHECK(head_end_cut(data, size, false, size / 2 + 1) == end);
    if (size <= 512)
        CHECK(head_end_cut(data, size, false, 1) == end);
    size_t len = end > 0 ? (size_t)end : size;
    int rc = http_parse_response(buf, len, HTTP_METHOD_GET, &to_get);
    CHECK(http_parse_response(buf, len, HTTP_METHOD_HEAD, &to_head) == rc);
    CHECK(rc == 0 || rc == -1);
    if (rc == 0) {
        CHECK(end > 0);
        check_response(buf, len);
    }
    free_copy(buf, size);
    return 0;
}
