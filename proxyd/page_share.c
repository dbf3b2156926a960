#include "page_share.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

bool page_slot_is_fresh(const struct page_slot *slot, int64_t now_ms)
{
    return slot->made_at != 0 && now_ms - slot->made_at < PAGE_SHARE_MS;
}

static void empty(struct page_slot *slot)
{
    free(slot->answer);
    *slot = (struct page_slot){0};
}

static bool is_free(const struct page_slot *slot, int64_t now_ms)
{
    return !slot->asked && !page_slot_is_fresh(slot, now_ms);
}

struct page_slot *page_share_slot(struct page_share *s, const struct iovec *request, int n,
                                  int64_t now_ms)
{
    struct page_slot *unused = NULL;
    char key[PAGE_SHARE_KEY];
    size_t len = 0;
    uint32_t hash;

    for (int i = 0; i < n; len += request[i++].iov_len) {
        if (request[i].iov_len > sizeof key - len)
            return NULL;
        memcpy(key + len, request[i].iov_base, request[i].iov_len);
    }
    hash = hash_bytes(key, len);
    for (size_t i = 0; i < PAGE_SHARE_SLOTS; i++) {
        struct page_slot *slot = &s->slots[i];
        if (slot->hash == hash && slot->key_len == len && !memcmp(slot->key, key, len))
            return slot;
        if (!unused && is_free(slot, now_ms))
            unused = slot;
    }
    if (!unused)
        return NULL;
    empty(unused);
    memcpy(unused->key, key, len);
    unused->key_len = len;
    unused->hash = hash;
    return unused;
}

void page_slot_mark(struct page_slot *slot, enum page_kind kind, int64_t now_ms)
{
    free(slot->answer);
    slot->answer = NULL;
    slot->kind = kind;
    slot->made_at = now_ms;
}

void page_slot_keep(struct page_slot *slot, const char *answer, size_t len, size_t head_len,
                    int64_t now_ms)
{
    page_slot_mark(slot, PAGE_UNSHARED, now_ms);
    slot->answer = malloc(len);
    if (!slot->answer)
        return;
    memcpy(slot->answer, answer, len);
    slot->len = len;
    slot->head_len = head_len;
    slot->kind = PAGE_KEPT;
}

void page_share_settle(struct page_share *s, struct page_slot *slot)
{
    slot->asked = false;
    s->news = true;
}

void page_share_free(struct page_share *s)
{
    for (size_t i = 0; i < PAGE_SHARE_SLOTS; i++)
        empty(&s->slots[i]);
}
