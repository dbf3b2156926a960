/* Memory for bytes that were received and are not used yet: a small block for nearly every head,
 * a large one for those that need it. A worker keeps the small blocks that it freed and takes the
 * last of them first. */
#ifndef MIRAGE_PROXYD_BLOCK_H
#define MIRAGE_PROXYD_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "http.h"

#define BLOCK_SMALL 4096
#define BLOCK_LARGE (HTTP_HEAD_MAX + BLOCK_SMALL) /* a head and something behind it */
#define BLOCK_KEPT  64                            /* freed small ones that are kept */

struct block {
    SLIST_ENTRY(block) link; /* while kept */
    size_t cap;
    size_t start, end; /* what is in it: bytes[start .. end) */
    char bytes[];
};

struct block_pool {
    SLIST_HEAD(blocks, block) kept;
    size_t n_kept;
};

/* A small empty block; NULL when memory runs out. */
struct block *block_get(struct block_pool *p) __attribute__((warn_unused_result));

/* Gives it back and sets the pointer to NULL. NULL is fine. */
void block_put(struct block_pool *p, struct block **b);

/* Makes room for a byte or more: moves what is in it to the front, or into a large block. false: no
 * memory, or the large one is full. */
bool block_make_room(struct block_pool *p, struct block **b) __attribute__((warn_unused_result));

/* Puts bytes behind what is in *b, which may be NULL. false: no memory, or more than BLOCK_LARGE.
 */
bool block_append(struct block_pool *p, struct block **b, const char *bytes, size_t len)
    __attribute__((warn_unused_result));

void block_pool_free(struct block_pool *p);

#endif
