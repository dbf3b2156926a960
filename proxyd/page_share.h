/* The pages of mirage-api's that visitors wait on: those who ask alike within a moment share one.
 * The first of them asks mirage-api; who comes meanwhile waits for that answer (CONN_JOINED); and
 * who comes soon after it gets it, too. A worker's own: no locks. */
#ifndef MIRAGE_PROXYD_PAGE_SHARE_H
#define MIRAGE_PROXYD_PAGE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define PAGE_SHARE_SLOTS 32
#define PAGE_SHARE_MS    200        /* an answer is no older */
#define PAGE_SHARE_MAX   (32 << 10) /* head and body; a longer one is not shared */
#define PAGE_SHARE_KEY   1024       /* so is what a longer request asks for */

enum page_kind {
    PAGE_ABSENT,   /* mirage-api had none, or did not answer: it is answered here */
    PAGE_UNSHARED, /* it is too long: each asks for its own */
    PAGE_KEPT,
};

struct page_slot {
    bool asked;      /* a request is on its way to mirage-api */
    int64_t made_at; /* monotonic ms; 0: there was no answer yet */
    enum page_kind kind;
    char *answer; /* PAGE_KEPT: as it came */
    size_t len, head_len;
    uint32_t hash; /* of the key */
    size_t key_len;
    char key[PAGE_SHARE_KEY]; /* the request for it */
};

struct page_share {
    struct page_slot slots[PAGE_SHARE_SLOTS];
    bool news; /* whoever joined may go on */
};

/* The slot of the request that the pieces make: its own, or one that is free for it. NULL: it is
 * not shared, for it is too long, or all are in use. */
struct page_slot *page_share_slot(struct page_share *s, const struct iovec *request, int n,
                                  int64_t now_ms) __attribute__((warn_unused_result));

bool page_slot_is_fresh(const struct page_slot *slot, int64_t now_ms)
    __attribute__((warn_unused_result));

/* Keeps a copy of the whole answer. */
void page_slot_keep(struct page_slot *slot, const char *answer, size_t len, size_t head_len,
                    int64_t now_ms);

/* There is none to keep. */
void page_slot_mark(struct page_slot *slot, enum page_kind kind, int64_t now_ms);

/* Who asks has got it, or has given up. */
void page_share_settle(struct page_share *s, struct page_slot *slot);

void page_share_free(struct page_share *s);

#endif
