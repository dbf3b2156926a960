#include "block.h"

#include <stdlib.h>
#include <string.h>

static struct block *new_block(size_t cap)
{
    struct block *b = malloc(sizeof *b + cap);

    if (b)
        *b = (struct block){.cap = cap};
    return b;
}

struct block *block_get(struct block_pool *p)
{
    struct block *b = SLIST_FIRST(&p->kept);

    if (!b)
        return new_block(BLOCK_SMALL);
    SLIST_REMOVE_HEAD(&p->kept, link);
    p->n_kept--;
    b->start = b->end = 0;
    return b;
}

void block_put(struct block_pool *p, struct block **b)
{
    if (*b && (*b)->cap == BLOCK_SMALL && p->n_kept < BLOCK_KEPT) {
        SLIST_INSERT_HEAD(&p->kept, *b, link);
        p->n_kept++;
    } else
        free(*b);
    *b = NULL;
}

/* Makes room for `len` bytes behind what is in *b. */
static bool ensure(struct block_pool *p, struct block **b, size_t len)
{
    struct block *old = *b, *larger;
    size_t used = old->end - old->start;

    if (old->cap - old->end >= len)
        return true;
    if (old->cap - used >= len) {
        memmove(old->bytes, old->bytes + old->start, used);
        old->start = 0;
        old->end = used;
        return true;
    }
    if (BLOCK_LARGE - used < len || old->cap == BLOCK_LARGE || !(larger = new_block(BLOCK_LARGE)))
        return false;
    memcpy(larger->bytes, old->bytes + old->start, used);
    larger->end = used;
    block_put(p, b);
    *b = larger;
    return true;
}

bool block_make_room(struct block_pool *p, struct block **b)
{
    return ensure(p, b, 1);
}

bool block_append(struct block_pool *p, struct block **b, const char *bytes, size_t len)
{
    if ((!*b && !(*b = block_get(p))) || !ensure(p, b, len))
        return false;
    memcpy((*b)->bytes + (*b)->end, bytes, len);
    (*b)->end += len;
    return true;
}

void block_pool_free(struct block_pool *p)
{
    while (!SLIST_EMPTY(&p->kept)) {
        struct block *b = SLIST_FIRST(&p->kept);
        SLIST_REMOVE_HEAD(&p->kept, link);
        free(b);
    }
    p->n_kept = 0;
}
