/* Memory with one owner and one end: everything taken from an arena lives until arena_free().
 * Running out of memory aborts the program. So mirage-proxyd uses arenas only at its start and in
 * its main thread; a worker, which must not abort, uses none. */
#ifndef MIRAGE_ARENA_H
#define MIRAGE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

/* `struct arena a = {0};` is an empty arena. After arena_free it is empty again. */
void arena_free(struct arena *a);

/* Zeroed, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((warn_unused_result, malloc));

/* An array of `count` zeroed elements; aborts when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size)
    __attribute__((warn_unused_result, malloc));

/* Makes room for one more element in an array of `count` elements of `size` bytes. When count has
 * reached *cap, returns a larger copy with room for twice as many (at least 8) and sets *cap; else
 * returns `array` itself. */
void *arena_grow(struct arena *a, void *array, size_t count, size_t *cap, size_t size)
    __attribute__((warn_unused_result));

/* NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *text) __attribute__((warn_unused_result));
char *arena_strndup(struct arena *a, const char *text, size_t len)
    __attribute__((warn_unused_result));
char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));

#endif
