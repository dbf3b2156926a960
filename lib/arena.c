#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 8192

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct arena_block *b = a->blocks;
    size_t room;
    void *p;

    if (size > (size_t)-1 / 2)
        abort();
    size = (size + align - 1) & ~(align - 1);
    if (!b || b->size - b->used < size) {
        room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
        b = calloc(1, sizeof *b + room);
        if (!b)
            abort();
        b->size = room;
        if (a->blocks && room != BLOCK_SIZE) { /* a big one of its own: keep filling the first */
            b->next = a->blocks->next;
            a->blocks->next = b;
        } else {
            b->next = a->blocks;
            a->blocks = b;
        }
    }
    p = b->bytes + b->used;
    b->used += size;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return arena_alloc(a, total);
}

void *arena_grow(struct arena *a, void *array, size_t count, size_t *cap, size_t size)
{
    void *larger;

    if (count < *cap)
        return array;
    *cap = count < 4 ? 8 : count * 2;
    larger = arena_array(a, *cap, size);
    if (count)
        memcpy(larger, array, count * size);
    return larger;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        abort();
    text = arena_alloc(a, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}
