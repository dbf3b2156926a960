#include "pattern_set.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "pattern.h"

#define NONE UINT32_MAX

struct shape {
    uint8_t head, tail; /* lengths of the literal beginning and end */
    uint32_t first;     /* the first entry of this shape: what comes before needs no look */
};

struct item {
    struct pattern_entry entry;
    uint32_t shape;
    uint32_t next; /* in its bucket, in order; NONE: the last */
};

struct pattern_set {
    struct item *items; /* in their order */
    size_t n_items;
    struct shape *shapes; /* by their first entry */
    size_t n_shapes;
    uint32_t *buckets; /* a power of two of them */
    size_t n_buckets;
};

static bool is_literal(char c)
{
    return !strchr("*?[]\\", c);
}

static struct shape shape_of(const char *pattern)
{
    size_t len = strlen(pattern), head = 0, tail = 0;

    while (head < len && head < UINT8_MAX && is_literal(pattern[head]))
        head++;
    while (tail < len - head && tail < UINT8_MAX && is_literal(pattern[len - 1 - tail]))
        tail++;
    if (strchr(pattern, '\\')) /* an escape may make its end mean something else */
        tail = 0;
    return (struct shape){.head = (uint8_t)head, .tail = (uint8_t)tail};
}

/* The bucket of a text's beginning and end, of these lengths. */
static size_t bucket_of(const struct pattern_set *s, const char *text, size_t len,
                        const struct shape *shape)
{
    char key[2 * UINT8_MAX + 2];

    key[0] = (char)shape->head;
    key[1] = (char)shape->tail;
    memcpy(key + 2, text, shape->head);
    memcpy(key + 2 + shape->head, text + len - shape->tail, shape->tail);
    return hash_bytes(key, 2u + shape->head + shape->tail) & (s->n_buckets - 1);
}

static uint32_t find_shape(struct pattern_set *s, struct shape shape, uint32_t entry)
{
    size_t i = 0;

    while (i < s->n_shapes && (s->shapes[i].head != shape.head || s->shapes[i].tail != shape.tail))
        i++;
    if (i == s->n_shapes) {
        shape.first = entry;
        s->shapes[s->n_shapes++] = shape;
    }
    return (uint32_t)i;
}

struct pattern_set *pattern_set_new(const struct pattern_entry *entries, size_t n)
{
    struct pattern_set *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    for (s->n_buckets = 16; s->n_buckets < 2 * n;)
        s->n_buckets *= 2;
    s->items = calloc(n + 1, sizeof *s->items);
    s->shapes = calloc(n + 1, sizeof *s->shapes);
    s->buckets = malloc(s->n_buckets * sizeof *s->buckets);
    if (!s->items || !s->shapes || !s->buckets) {
        pattern_set_free(s);
        return NULL;
    }
    memset(s->buckets, 0xff, s->n_buckets * sizeof *s->buckets);
    s->n_items = n;
    for (size_t i = 0; i < n; i++)
        s->items[i] = (struct item){
            .entry = entries[i],
            .shape = find_shape(s, shape_of(entries[i].pattern), (uint32_t)i),
        };
    for (size_t i = n; i-- > 0;) { /* from the last, so that each chain is in order */
        struct item *item = &s->items[i];
        const char *pattern = item->entry.pattern;
        size_t at = bucket_of(s, pattern, strlen(pattern), &s->shapes[item->shape]);
        item->next = s->buckets[at];
        s->buckets[at] = (uint32_t)i;
    }
    return s;
}

void pattern_set_free(struct pattern_set *s)
{
    if (!s)
        return;
    free(s->items);
    free(s->shapes);
    free(s->buckets);
    free(s);
}

bool pattern_set_find(const struct pattern_set *s, const char *name, uint32_t *value)
{
    size_t len = strlen(name);
    uint32_t best = NONE;

    for (size_t i = 0; i < s->n_shapes && s->shapes[i].first < best; i++) {
        const struct shape *shape = &s->shapes[i];
        uint32_t at;
        if ((size_t)shape->head + shape->tail > len)
            continue;
        at = s->buckets[bucket_of(s, name, len, shape)];
        for (; at < best; at = s->items[at].next)
            if (s->items[at].shape == i &&
                pattern_match(s->items[at].entry.pattern, name) == PATTERN_MATCH) {
                best = at;
                break;
            }
    }
    if (best == NONE)
        return false;
    *value = s->items[best].entry.value;
    return true;
}
