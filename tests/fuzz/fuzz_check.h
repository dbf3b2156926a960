/* What the fuzz targets share: an assertion that NDEBUG does not remove, and exact-size copies, so
 * that AddressSanitizer sees a read behind the end. */
#ifndef MIRAGE_FUZZ_CHECK_H
#define MIRAGE_FUZZ_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd/http.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline char *exact_copy(const void *data, size_t len)
{
    char *copy = len > 0 ? malloc(len) : calloc(1, 1);
    CHECK(copy);
    if (len > 0)
        memcpy(copy, data, len);
    return len > 0 ? copy : copy + 1;
}

static inline void free_copy(char *copy, size_t len)
{
    free(len > 0 ? copy : copy - 1);
}

static inline void check_slice(struct http_slice slice, size_t len)
{
    CHECK(slice.at <= len && slice.len <= len - slice.at);
}

static inline void check_fields(const char *buf, size_t len, const struct http_fields *fields)
{
    CHECK(fields->len <= HTTP_FIELDS_MAX);
    for (size_t i = 0; i < fields->len; i++) {
        const struct http_field *f = &fields->items[i];
        check_slice(f->line, len);
        CHECK(f->name.at == f->line.at && f->name.len > 0);
        CHECK(f->value.at > f->name.at + f->name.len);
        CHECK(f->value.at + f->value.len + 2 <= f->line.at + f->line.len);
        CHECK(!memcmp(buf + f->line.at + f->line.len - 2, "\r\n", 2));
        CHECK(!memchr(buf + f->line.at, '\r', f->line.len - 2));
        CHECK(!memchr(buf + f->line.at, '\n', f->line.len - 2));
        CHECK(!memchr(buf + f->line.at, '\0', f->line.len));
    }
}

/* http_head_end() of data, which comes in two parts, and then byte by byte: always the same. */
static inline long head_end_cut(const uint8_t *data, size_t len, bool is_request, size_t step)
{
    size_t scanned = 0;
    for (size_t n = 0;; n = len - n > step ? n + step : len) {
        char *buf = exact_copy(data, n);
        long end = http_head_end(buf, n, is_request, &scanned);
        free_copy(buf, n);
        if (end != 0 || n == len)
            return end;
    }
}

#endif
