/* Answers to visitors who wait, as this thread last made them: hundreds of visitors to one
 * environment ask every second, and all of the same language get the same for a moment. */
#ifndef MIRAGE_WAITING_CACHE_H
#define MIRAGE_WAITING_CACHE_H

#include <stdint.h>

#include "buf.h"

#define WAITING_CACHE_SLOTS 64
#define WAITING_CACHE_MS    200 /* an answer is no older */

struct waiting_cache {
    struct waiting_answer {
        char key[96];      /* the subdomain, and what the client gets; "": empty */
        int64_t made_at;   /* monotonic ms */
        int64_t version;   /* db_data_version(): no answer is older than what is committed */
        const char *state; /* waiting_state_word() */
        const char *type;  /* Content-Type */
        int retry_after;   /* seconds */
        char nonce[25];    /* of its style and script; "": it has none */
        struct buf text;
    } answers[WAITING_CACHE_SLOTS]; /* by the hash of the key */
};

static inline void waiting_cache_free(struct waiting_cache *cache)
{
    for (int i = 0; i < WAITING_CACHE_SLOTS; i++)
        buf_free(&cache->answers[i].text);
}

#endif
