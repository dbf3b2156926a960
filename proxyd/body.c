#include "body.h"

#include <stdio.h>
#include <string.h>

#include "cgi_name.h"

#define PIECES_MAX 62 /* pieces of data that become one chunk */

void body_begin(struct body *b, enum http_body in, uint64_t length, bool out_chunked)
{
    *b = (struct body){.in = in, .out_chunked = out_chunked, .left = length};
    b->done = in == HTTP_BODY_NONE || (in == HTTP_BODY_LENGTH && length == 0);
}

static void piece(struct iovec *iov, const char *bytes, size_t len)
{
    *iov = (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

/* Writes data, as one chunk if it goes chunked. iov has room for one piece before and one behind.
 */
static enum body_result write_data(const struct body *b, struct iovec *iov, int n, size_t total,
                                   struct outbuf *out, int fd)
{
    char size[24];
    int first = 1;

    if (total == 0)
        return BODY_OK;
    if (b->out_chunked) {
        piece(&iov[0], size, (size_t)snprintf(size, sizeof size, "%zx\r\n", total));
        piece(&iov[n + 1], "\r\n", 2);
        first = 0;
        n += 2;
    }
    return outbuf_write(out, fd, iov + first, n) == OUTBUF_FAILED ? BODY_FAILED : BODY_OK;
}

/* The last chunk and those trailer fields that may go further. */
static enum body_result write_last_chunk(const struct body *b, const char *buf,
                                         const struct http_fields *trailers, struct outbuf *out,
                                         int fd)
{
    struct iovec iov[HTTP_FIELDS_MAX + 2];
    int n = 0;

    if (!b->out_chunked)
        return BODY_OK;
    piece(&iov[n++], "0\r\n", 3);
    for (size_t i = 0; trailers && i < trailers->len; i++)
        if (!trailers->items[i].hop_by_hop)
            piece(&iov[n++], buf + trailers->items[i].line.at, trailers->items[i].line.len);
    piece(&iov[n++], "\r\n", 2);
    return outbuf_write(out, fd, iov, n) == OUTBUF_FAILED ? BODY_FAILED : BODY_OK;
}

static enum body_result pass_plain(struct body *b, const char *buf, size_t len, size_t *used,
                                   struct outbuf *out, int fd)
{
    struct iovec iov[3];
    enum body_result r;
    size_t n = len;

    if (b->in == HTTP_BODY_LENGTH && n > b->left)
        n = (size_t)b->left;
    piece(&iov[1], buf, n);
    r = write_data(b, iov, 1, n, out, fd);
    if (r != BODY_OK)
        return r;
    *used = n;
    if (b->in == HTTP_BODY_LENGTH) {
        b->left -= n;
        b->done = b->left == 0;
        if (b->done)
            return write_last_chunk(b, buf, NULL, out, fd);
    }
    return BODY_OK;
}

/* In whatever spelling CGI takes for the same. */
static void leave_behind(struct http_fields *trailers, const char *buf, const char *name)
{
    bool exact;

    for (size_t i = 0; i < trailers->len; i++) {
        struct http_field *f = &trailers->items[i];
        if (f->name.len == strlen(name) &&
            cgi_name_begins(buf + f->name.at, f->name.len, name, &exact))
            f->hop_by_hop = true;
    }
}

static enum body_result pass_trailers(struct body *b, const char *buf, size_t len, size_t *used,
                                      struct outbuf *out, int fd)
{
    struct http_fields trailers;
    long n;

    if (len == *used)
        return BODY_OK;
    n = http_parse_trailers(buf + *used, len - *used, &b->scanned, &trailers);
    if (n < 0 || (n == 0 && len - *used > HTTP_HEAD_MAX))
        return BODY_MALFORMED;
    if (n == 0)
        return BODY_OK;
    b->done = true;
    buf += *used;
    *used += (size_t)n;
    if (b->stays_behind)
        leave_behind(&trailers, buf, b->stays_behind);
    return write_last_chunk(b, buf, &trailers, out, fd);
}

static enum body_result pass_chunked(struct body *b, const char *buf, size_t len, size_t *used,
                                     struct outbuf *out, int fd)
{
    struct iovec iov[PIECES_MAX + 2];
    int rc = 1;

    *used = 0;
    while (rc > 0 && *used < len && b->chunked.state != HTTP_CHUNK_TRAILER) {
        enum body_result r;
        size_t total = 0;
        int n = 0;
        while (n < PIECES_MAX) {
            struct http_slice data;
            rc = http_chunked_next(&b->chunked, buf, len, used, &data);
            if (rc <= 0)
                break;
            piece(&iov[1 + n++], buf + data.at, data.len);
            total += data.len;
        }
        r = write_data(b, iov, n, total, out, fd);
        if (r != BODY_OK)
            return r;
    }
    if (rc < 0)
        return BODY_MALFORMED;
    if (b->chunked.state == HTTP_CHUNK_TRAILER)
        return pass_trailers(b, buf, len, used, out, fd);
    return BODY_OK;
}

enum body_result body_pass(struct body *b, const char *buf, size_t len, size_t *used,
                           struct outbuf *out, int fd)
{
    *used = 0;
    if (b->done || len == 0)
        return BODY_OK;
    return b->in == HTTP_BODY_CHUNKED ? pass_chunked(b, buf, len, used, out, fd)
                                      : pass_plain(b, buf, len, used, out, fd);
}

enum body_result body_end(struct body *b, struct outbuf *out, int fd)
{
    if (b->done)
        return BODY_OK;
    if (b->in != HTTP_BODY_UNTIL_CLOSE)
        return BODY_MALFORMED;
    b->done = true;
    return write_last_chunk(b, NULL, NULL, out, fd);
}
