/* The text of /api/list as this thread last wrote it. It is valid until somebody commits. Scripts
 * ask for the list again and again, and reading and writing a hundred tasks takes a millisecond.
 *
 * The database tells when another connection has committed. This thread's own changes come only
 * from requests other than GET, and router.c forgets the texts for those. */
#ifndef MIRAGE_LIST_CACHE_H
#define MIRAGE_LIST_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "store/store_task.h"

struct list_cache {
    struct list_text {
        bool good;
        int64_t version; /* db_data_version() from before the tasks were read */
        struct buf text;
    } of[TASK_ALL + 1]; /* by enum task_filter */
};

static inline void list_cache_forget(struct list_cache *cache)
{
    for (int i = 0; cache && i <= TASK_ALL; i++)
        cache->of[i].good = false;
}

static inline void list_cache_free(struct list_cache *cache)
{
    for (int i = 0; i <= TASK_ALL; i++)
        buf_free(&cache->of[i].text);
}

#endif
