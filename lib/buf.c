#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

/* Makes room for `more` bytes and the NUL behind them. */
static bool reserve(struct buf *b, size_t more)
{
    size_t want;
    char *data;

    if (b->failed)
        return false;
    if (more < b->cap - b->len)
        return true;
    want = b->cap ? b->cap : 64;
    while (want - b->len <= more) {
        if (want > SIZE_MAX / 2) {
            b->failed = true;
            return false;
        }
        want *= 2;
    }
    data = realloc(b->data, want);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = want;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    int n;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        b->failed = true;
    else if (reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

int buf_read_file(struct buf *b, const char *path, size_t limit)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t start = b->len;
    ssize_t n;
    int error;

    if (fd < 0)
        return -1;
    for (;;) {
        if (!reserve(b, 16384)) {
            errno = ENOMEM;
            break;
        }
        n = read(fd, b->data + b->len, 16384);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        b->len += (size_t)n;
        b->data[b->len] = '\0';
        if (b->len - start > limit) {
            errno = EFBIG;
            break;
        }
        if (n == 0) {
            close(fd);
            return 0;
        }
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

int buf_write_file(const struct buf *b, const char *path)
{
    struct buf temporary = {0};
    int fd = -1, rc = -1, error;

    buf_printf(&temporary, "%s.XXXXXX", path);
    if (b->failed || temporary.failed) {
        errno = ENOMEM;
        goto out;
    }
    fd = mkostemp(temporary.data, O_CLOEXEC);
    if (fd < 0)
        goto out;
    if (write_all(fd, buf_text(b), b->len) < 0 || rename(temporary.data, path) < 0) {
        error = errno;
        unlink(temporary.data);
        errno = error;
        goto out;
    }
    rc = 0;
out:
    error = errno;
    if (fd >= 0)
        close(fd);
    buf_free(&temporary);
    errno = error;
    return rc;
}
