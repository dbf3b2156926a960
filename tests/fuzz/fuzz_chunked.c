/* A chunked body with its trailers: whole and in parts, the same data, the same end, the same
 * error; and the data, chunked anew, decodes to itself. The first byte says how long the parts are.
 */
#include "fuzz_check.h"

struct outcome {
    char *data;
    size_t len;
    size_t used; /* up to the end of the trailers, or what there was */
    int rc;      /* 1: ended; 0: more is needed; -1: malformed */
};

static struct http_fields fields;

static void decode_part(struct http_chunked *c, const uint8_t *part, size_t len, struct outcome *o)
{
    char *buf = exact_copy(part, len);
    size_t used = 0;
    struct http_slice piece;
    while ((o->rc = http_chunked_next(c, buf, len, &used, &piece)) > 0) {
        check_slice(piece, len);
        CHECK(piece.len > 0 && piece.at + piece.len == used);
        memcpy(o->data + o->len, buf + piece.at, piece.len);
        o->len += piece.len;
    }
    CHECK(used <= len);
    if (o->rc == 0)
        CHECK(used == len || c->state == HTTP_CHUNK_TRAILER);
    o->used += used;
    free_copy(buf, len);
}

static void decode_trailers(const uint8_t *data, size_t size, size_t step, struct outcome *o)
{
    size_t scanned = 0;
    long end = 0;
    for (size_t n = 0; end == 0; n = size - n > step ? n + step : size) {
        char *buf = exact_copy(data, n);
        end = http_parse_trailers(buf, n, &scanned, &fields);
        CHECK(end <= (long)n);
        if (end > 0)
            check_fields(buf, (size_t)end, &fields);
        free_copy(buf, n);
        if (n == size)
            break;
    }
    o->rc = end > 0 ? 1 : (int)end;
    o->used += end > 0 ? (size_t)end : 0;
}

static struct outcome decode(const uint8_t *data, size_t size, size_t step)
{
    struct http_chunked c = {0};
    struct outcome o = {.data = malloc(size + 1)};
    CHECK(o.data);
    for (size_t at = 0; at < size && o.rc == 0 && c.state != HTTP_CHUNK_TRAILER; at += step)
        decode_part(&c, data + at, size - at > step ? step : size - at, &o);
    if (o.rc == 0 && c.state == HTTP_CHUNK_TRAILER)
        decode_trailers(data + o.used, size - o.used, step, &o);
    return o;
}

/* What was decoded, sent on as one chunk, decodes to itself. */
static void check_again(const struct outcome *o)
{
    char *text = malloc(o->len + 64);
    CHECK(text);
    size_t n = o->len > 0 ? (size_t)sprintf(text, "%zx\r\n", o->len) : 0;
    memcpy(text + n, o->data, o->len);
    n += o->len;
    n += (size_t)sprintf(text + n, "%s0\r\n\r\n", o->len > 0 ? "\r\n" : "");
    struct outcome again = decode((const uint8_t *)text, n, n);
    CHECK(again.rc == 1 && again.used == n && again.len == o->len);
    CHECK(!memcmp(again.data, o->data, o->len));
    free(again.data);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t step = data[0] % 16 + 1;
    data++;
    size--;
    struct outcome whole = decode(data, size, size + 1), parts = decode(data, size, step);
    CHECK(whole.rc == parts.rc && whole.len == parts.len);
    CHECK(!memcmp(whole.data, parts.data, whole.len));
    CHECK(whole.rc < 0 || whole.used == parts.used);
    if (whole.rc == 1)
        check_again(&whole);
    free(whole.data);
    free(parts.data);
    return 0;
}
