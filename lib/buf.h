/* A growable byte buffer. A failure to allocate sticks: every later call does nothing. The owner
 * checks `failed` once, at the end. */
#ifndef MIRAGE_BUF_H
#define MIRAGE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* NUL-terminated whenever it is not NULL; the NUL is not counted in len */
    size_t len;
    size_t cap;
    bool failed;
};

/* `struct buf b = {0};` is an empty buffer. */
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empties it, keeps the memory */

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The text, "" when nothing was added. Valid until the next call on b. */
const char *buf_text(const struct buf *b) __attribute__((warn_unused_result));

/* Reads the whole file at path, at most `limit` bytes. 0, or -1 with errno set (EFBIG: larger). */
int buf_read_file(struct buf *b, const char *path, size_t limit)
    __attribute__((warn_unused_result));

/* Writes to path through a temporary file beside it and rename(2), mode 0600: readers see the old
 * or the new text, never a part. 0, or -1 with errno set. */
int buf_write_file(const struct buf *b, const char *path) __attribute__((warn_unused_result));

#endif
