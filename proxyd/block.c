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
    struct block *b = p->kept;

    if (!b)
        return new_block(BLOCK_SMALL);
    p->kept = b->next;
    p->n_kept--;
    b->start = b->end = 0;
    return b;
}

void block_put(struct block_pool *p, struct block **b)
{
    if (*b && (*b)->cap == BLOCK_SMALL && p->n_kept < BLOCK_KEPT) {
        (*b)->next = p->kept;
        p->kept = *b;
        p->n_kept++;
    } else
        free(*b);
    *b = NULL;
}

bool block_make_room(struct block_pool *p, struct block **b)
{
    struct block *old = *b, *larger;
    size_t len = old->end - old->start;

    if (old->start > 0) {
        memmove(old->bytes, old->bytes + old->start, len);
        old->start = 0;
        old->end = len;
        return true;
    }
    if (old->end < old->cap)
        return true;
    if (old->cap == BLOCK_LARGE || !(larger = new_block(BLOCK_LARGE)))
        return false;
    memcpy(larger->bytes, old->bytes, len);
    larger->end = len;
    block_put(p, b);
    *b = larger;
    return true;
}

bool block_append(struct block_pool *p, struct block **b, const char *bytes, size_t len)
{
    if (!*b && !(*b = block_get(p)))
        return false;
    while ((*b)->cap - (*b)->end < len) {
        size_t cap = (*b)->cap, start = (*b)->start;
        if (!block_make_room(p, b) || ((*b)->cap == cap && start == 0))
            return false;
    }
    memcpy((*b)->bytes + (*b)->end, bytes, len);
    (*b)->end += len;
    return true;
}

void block_pool_free(struct block_pool *p)
{
    while (p->kept) {
        struct block *next = p->kept->next;
        free(p->kept);
        p->kept = next;
    }
    p->n_kept = 0;
}
