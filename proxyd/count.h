/* Access counts. Each subdomain that was ever routed has a counter, known by a number. Each
 * worker has a total for each counter, and is the only one to add to it. The main thread takes what
 * was added since it last looked. So there are no locks: a total has one writer. */
#ifndef MIRAGE_PROXYD_COUNT_H
#define MIRAGE_PROXYD_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "store/db.h"

#define COUNT_CHUNK  1024 /* counters a chunk */
#define COUNT_CHUNKS 4096 /* chunks: room for four million subdomains in the life of a process */

/* What a worker has counted of a subdomain. */
struct count_total {
    _Atomic(uint64_t) accesses;
    _Atomic(uint64_t) ignored; /* requests that are no use (use.ignore) */
};

/* A worker's totals. Chunks are made by the main thread before a number in them is given out. */
struct count_worker {
    struct count_total *chunks[COUNT_CHUNKS];
};

struct count_table;

/* For n workers. NULL when memory runs out. */
struct count_table *count_table_new(unsigned workers) __attribute__((warn_unused_result));
void count_table_free(struct count_table *t); /* NULL is fine */

struct count_worker *count_worker(struct count_table *t, unsigned worker)
    __attribute__((warn_unused_result));

/* Main thread: the number of this subdomain's counter, made if it is new. -1: no memory. */
int64_t count_number(struct count_table *t, const char *subdomain)
    __attribute__((warn_unused_result));

/* Worker thread: one access more, or one request more that is ignored. Returns how many of its kind
 * there were before. */
static inline uint64_t count_access(struct count_worker *w, uint32_t number, bool ignored)
{
    struct count_total *of = &w->chunks[number / COUNT_CHUNK][number % COUNT_CHUNK];
    _Atomic(uint64_t) *total = ignored ? &of->ignored : &of->accesses;
    uint64_t before = atomic_load_explicit(total, memory_order_relaxed);

    atomic_store_explicit(total, before + 1, memory_order_relaxed);
    return before;
}

/* Any thread: what this worker has counted of a subdomain, one kind of it, since its start. */
static inline uint64_t count_read(const struct count_worker *w, uint32_t number, bool ignored)
{
    struct count_total *of = &w->chunks[number / COUNT_CHUNK][number % COUNT_CHUNK];

    return atomic_load_explicit(ignored ? &of->ignored : &of->accesses, memory_order_relaxed);
}

/* Main thread: writes what was added since the last successful call, in one transaction. A failure
 * loses nothing: the next call writes it. */
int count_write(struct count_table *t, struct db *db, int64_t now_ms, struct err *e)
    __attribute__((warn_unused_result));

#endif
