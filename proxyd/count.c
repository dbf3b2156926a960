#include "count.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "store/store_access.h"

/* Over all workers. */
struct sums {
    uint64_t accesses;
    uint64_t ignored;
};

struct counter {
    char *subdomain;
    struct sums written;
    struct sums pending; /* what the running transaction writes */
    int64_t next;        /* in its hash bucket; -1: the last */
};

struct count_table {
    unsigned n_workers;
    struct count_worker **workers;
    struct counter *counters;
    size_t len, cap;
    int64_t *buckets; /* heads, a power of two of them; -1: empty */
    size_t n_buckets;
};

#define FIRST_BUCKETS 1024

struct count_table *count_table_new(unsigned workers)
{
    struct count_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->n_workers = workers;
    t->n_buckets = FIRST_BUCKETS;
    t->workers = calloc(workers, sizeof(struct count_worker *));
    t->buckets = malloc(t->n_buckets * sizeof *t->buckets);
    for (unsigned i = 0; t->workers && i < workers; i++)
        t->workers[i] = calloc(1, sizeof(struct count_worker));
    if (!t->workers || !t->buckets || !t->workers[workers - 1]) {
        count_table_free(t);
        return NULL;
    }
    memset(t->buckets, 0xff, t->n_buckets * sizeof *t->buckets);
    return t;
}

void count_table_free(struct count_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->len; i++)
        free(t->counters[i].subdomain);
    for (unsigned i = 0; t->workers && i < t->n_workers; i++) {
        for (size_t k = 0; t->workers[i] && k < COUNT_CHUNKS; k++)
            free(t->workers[i]->chunks[k]);
        free(t->workers[i]);
    }
    free(t->workers);
    free(t->counters);
    free(t->buckets);
    free(t);
}

struct count_worker *count_worker(struct count_table *t, unsigned worker)
{
    return t->workers[worker];
}

/* Keeps as many buckets as counters, at least. Memory that runs out only makes it slower. */
static void grow_buckets(struct count_table *t)
{
    size_t n = t->n_buckets * 2;
    int64_t *buckets;

    if (t->len < t->n_buckets || !(buckets = malloc(n * sizeof *buckets)))
        return;
    memset(buckets, 0xff, n * sizeof *buckets);
    for (size_t i = 0; i < t->len; i++) {
        size_t at =
            hash_bytes(t->counters[i].subdomain, strlen(t->counters[i].subdomain)) & (n - 1);
        t->counters[i].next = buckets[at];
        buckets[at] = (int64_t)i;
    }
    free(t->buckets);
    t->buckets = buckets;
    t->n_buckets = n;
}

/* Makes the workers' totals for counter number t->len, and room for the counter itself. */
static bool make_room(struct count_table *t)
{
    size_t chunk = t->len / COUNT_CHUNK;

    if (t->len == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        struct counter *more = realloc(t->counters, cap * sizeof *more);
        if (!more)
            return false;
        t->counters = more;
        t->cap = cap;
    }
    if (chunk >= COUNT_CHUNKS)
        return false;
    for (unsigned i = 0; i < t->n_workers; i++)
        if (!t->workers[i]->chunks[chunk] &&
            !(t->workers[i]->chunks[chunk] = calloc(COUNT_CHUNK, sizeof(struct count_total))))
            return false;
    return true;
}

int64_t count_number(struct count_table *t, const char *subdomain)
{
    uint32_t hash = hash_bytes(subdomain, strlen(subdomain));
    int64_t i = t->buckets[hash & (t->n_buckets - 1)];
    char *copy;

    for (; i >= 0; i = t->counters[i].next)
        if (!strcmp(t->counters[i].subdomain, subdomain))
            return i;
    if (!make_room(t) || !(copy = strdup(subdomain)))
        return -1;
    i = (int64_t)t->len++;
    t->counters[i] = (struct counter){
        .subdomain = copy,
        .next = t->buckets[hash & (t->n_buckets - 1)],
    };
    t->buckets[hash & (t->n_buckets - 1)] = i;
    grow_buckets(t);
    return i;
}

static struct sums sums_of(const struct count_table *t, size_t number)
{
    struct sums sums = {0};

    for (unsigned i = 0; i < t->n_workers; i++) {
        struct count_total *of = &t->workers[i]->chunks[number / COUNT_CHUNK][number % COUNT_CHUNK];
        sums.accesses += atomic_load_explicit(&of->accesses, memory_order_relaxed);
        sums.ignored += atomic_load_explicit(&of->ignored, memory_order_relaxed);
    }
    return sums;
}

/* Adds what a counter has pending to its minute. */
static int add(struct db *db, const struct counter *c, int64_t now_ms, struct err *e)
{
    uint64_t accesses = c->pending.accesses - c->written.accesses;
    uint64_t ignored = c->pending.ignored - c->written.ignored;

    if (accesses > 0 && store_access_add(db, c->subdomain, now_ms, (int64_t)accesses, e) < 0)
        return -1;
    return ignored > 0 ? store_access_add_ignored(db, c->subdomain, now_ms, (int64_t)ignored, e)
                       : 0;
}

int count_write(struct count_table *t, struct db *db, int64_t now_ms, struct err *e)
{
    bool begun = false;

    for (size_t i = 0; i < t->len; i++) {
        struct counter *c = &t->counters[i];
        c->pending = sums_of(t, i);
        if (c->pending.accesses == c->written.accesses && c->pending.ignored == c->written.ignored)
            continue;
        if (!begun && db_begin(db, e) < 0)
            return -1;
        begun = true;
        if (add(db, c, now_ms, e) < 0)
            goto undo;
    }
    if (!begun)
        return 0;
    if (db_commit(db, e) < 0)
        goto undo;
    for (size_t i = 0; i < t->len; i++)
        t->counters[i].written = t->counters[i].pending;
    return 0;
undo:
    db_rollback(db);
    return -1;
}
