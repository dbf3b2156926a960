#include "route.h"

#include <sched.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hash.h"
#include "pattern.h"
#include "store/store_route.h"

#include "pattern_set.h"

/* What requests by one listen entry may reach: `count` targets in route_snapshot.bytes, at `first`.
 */
struct range {
    uint32_t first, count;
};

/* An environment. Behind it lie its ranges, its name and its targets. What a request needs lies
 * together, so that it costs two misses of the processor's cache, however many environments there
 * are. */
struct env {
    uint32_t counter;
    uint32_t next; /* in its hash bucket; NONE: the last */
    uint32_t size; /* with all that lies behind it: there the next one begins */
    bool starting, asleep;
    bool failed;           /* it has no row in `route`, but one in `failed` */
    struct range ranges[]; /* one a listen entry; then the name and a NUL */
};

#define NONE        UINT32_MAX
#define LARGE_PAGE  ((size_t)2 << 20)
#define YIELD_EVERY 128 /* environments: a fifth of a millisecond */

struct route_snapshot {
    atomic_uint references;
    size_t n_listen;
    size_t n_envs;
    char *bytes; /* the environments by launch time, one behind the other */
    size_t len, cap;
    uint32_t *buckets; /* exact subdomains; a power of two of them */
    size_t n_buckets;
    struct pattern_set *patterns; /* those envs that are patterns, by launch time */
};

/* While loading: the ports of the environment whose rows are being read. */
struct port_row {
    int container_port;
    struct target target;
};

struct loader {
    struct route_snapshot *s;
    const struct config *config;
    const struct own_ports *own;
    struct count_table *counts;
    uint32_t last; /* the environment whose rows are being read */
    struct port_row *ports;
    size_t n_ports, ports_cap;
};

static struct env *env_at(const struct route_snapshot *s, size_t at)
{
    return (struct env *)(void *)(s->bytes + at);
}

static const char *name_of(const struct route_snapshot *s, const struct env *env)
{
    return (const char *)(const void *)&env->ranges[s->n_listen];
}

/* An array with room for `more` elements; NULL when there is no memory. */
static void *room(void *array, size_t len, size_t more, size_t *cap, size_t size)
{
    size_t larger = *cap ? *cap * 2 : 64;

    if (len + more <= *cap)
        return array;
    if (larger < len + more)
        larger = len + more;
    array = realloc(array, larger * size);
    if (array)
        *cap = larger;
    return array;
}

#define ROOM(array, len, more, cap)                                                                \
    __extension__({                                                                                \
        void *more_ = room((array), (len), (more), &(cap), sizeof *(array));                       \
        if (more_)                                                                                 \
            (array) = more_;                                                                       \
        more_ ? true : false;                                                                      \
    })

/* Appends `size` zeroed bytes, aligned for what is kept there; returns their offset, NONE when
 * there is no memory. */
static uint32_t append(struct route_snapshot *s, size_t size)
{
    size_t at = s->len;

    size = (size + alignof(struct target) - 1) / alignof(struct target) * alignof(struct target);
    if (at + size >= NONE || !ROOM(s->bytes, at, size, s->cap))
        return NONE;
    memset(s->bytes + at, 0, size);
    s->len += size;
    return (uint32_t)at;
}

static void snapshot_free(struct route_snapshot *s)
{
    free(s->bytes);
    free(s->buckets);
    pattern_set_free(s->patterns);
    free(s);
}

/* Gives the environment that was read last its ranges: an entry's own target, or any (0). */
static bool finish_env(struct loader *l)
{
    struct route_snapshot *s = l->s;

    if (s->n_envs == 0)
        return true;
    for (size_t i = 0; i < s->n_listen; i++) {
        long wanted = l->config->listen.http[i].target;
        struct range range = {0};
        bool own = false;
        for (size_t k = 0; k < l->n_ports; k++)
            own = own || l->ports[k].container_port == wanted;
        for (size_t k = 0; k < l->n_ports; k++) {
            uint32_t at;
            if (l->ports[k].container_port != (own ? wanted : 0))
                continue;
            if ((at = append(s, sizeof(struct target))) == NONE)
                return false;
            memcpy(s->bytes + at, &l->ports[k].target, sizeof(struct target));
            if (range.count++ == 0)
                range.first = at;
        }
        env_at(s, l->last)->ranges[i] = range;
    }
    env_at(s, l->last)->size = (uint32_t)(s->len - l->last);
    l->n_ports = 0;
    return true;
}

/* Lets a worker run that waits for this processor: schedulers may leave a thread there for
 * milliseconds, whatever its priority. i: how many environments this pass has read. */
static void give_way(size_t i)
{
    if (i % YIELD_EVERY == 0)
        sched_yield();
}

static bool begin_env(struct loader *l, const char *subdomain)
{
    struct route_snapshot *s = l->s;
    int64_t counter = count_number(l->counts, subdomain);
    size_t len = strlen(subdomain) + 1;

    if (counter < 0)
        return false;
    l->last = append(s, sizeof(struct env) + s->n_listen * sizeof(struct range) + len);
    if (l->last == NONE)
        return false;
    env_at(s, l->last)->counter = (uint32_t)counter;
    memcpy(&env_at(s, l->last)->ranges[s->n_listen], subdomain, len);
    s->n_envs++;
    give_way(s->n_envs);
    return true;
}

static int take_row(void *ctx, const struct route_row *row)
{
    struct loader *l = ctx;
    struct route_snapshot *s = l->s;
    struct target *target;

    if (s->n_envs == 0 || strcmp(name_of(s, env_at(s, l->last)), row->subdomain) != 0)
        if (!finish_env(l) || !begin_env(l, row->subdomain))
            return 1;
    env_at(s, l->last)->starting |= row->starting;
    env_at(s, l->last)->asleep |= row->asleep;
    if (!*row->address)
        return 0;
    if (!ROOM(l->ports, l->n_ports, 1, l->ports_cap))
        return 1;
    l->ports[l->n_ports].container_port = row->target;
    target = &l->ports[l->n_ports].target;
    if (target_set_ip(target, row->address, row->port) && target_may_be_task(target) &&
        !own_ports_have(l->own, target))
        l->n_ports++;
    return 0;
}

static int take_failed(void *ctx, const char *subdomain)
{
    struct loader *l = ctx;

    if (!finish_env(l) || !begin_env(l, subdomain))
        return 1;
    env_at(l->s, l->last)->failed = true;
    return 0;
}

/* Moves what was read into large pages, if it fills some: it is found at random, and small pages
 * would each need a look into the page tables. Running out of memory changes nothing. */
static void settle(struct route_snapshot *s)
{
    size_t size = (s->len + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    char *bytes = s->len > LARGE_PAGE ? aligned_alloc(LARGE_PAGE, size) : NULL;

    if (!bytes)
        return;
    madvise(bytes, size, MADV_HUGEPAGE);
    for (size_t at = 0; at < s->len; at += LARGE_PAGE) {
        memcpy(bytes + at, s->bytes + at, s->len - at < LARGE_PAGE ? s->len - at : LARGE_PAGE);
        sched_yield();
    }
    free(s->bytes);
    s->bytes = bytes;
    s->cap = size;
}

static bool index_exact(struct route_snapshot *s)
{
    s->n_buckets = 64;
    while (s->n_buckets < s->n_envs * 2)
        s->n_buckets *= 2;
    s->buckets = malloc(s->n_buckets * sizeof *s->buckets);
    if (!s->buckets)
        return false;
    memset(s->buckets, 0xff, s->n_buckets * sizeof *s->buckets);
    for (size_t at = 0, i = 1; at < s->len; at += env_at(s, at)->size, i++) {
        const char *name = name_of(s, env_at(s, at));
        size_t bucket = hash_bytes(name, strlen(name)) & (s->n_buckets - 1);
        env_at(s, at)->next = s->buckets[bucket];
        s->buckets[bucket] = (uint32_t)at;
        give_way(i);
    }
    return true;
}

static bool index_patterns(struct route_snapshot *s)
{
    struct pattern_entry *entries = calloc(s->n_envs + 1, sizeof *entries);
    size_t n = 0;

    for (size_t at = 0, i = 1; entries && at < s->len; at += env_at(s, at)->size, i++) {
        const char *name = name_of(s, env_at(s, at));
        if (pattern_has_meta(name))
            entries[n++] = (struct pattern_entry){name, (uint32_t)at};
        give_way(i);
    }
    s->patterns = entries ? pattern_set_new(entries, n) : NULL;
    free(entries);
    return s->patterns;
}

static bool index_all(struct route_snapshot *s)
{
    settle(s);
    return index_exact(s) && index_patterns(s);
}

int route_load(struct route_snapshot **snapshot, struct db *db, const struct config *config,
               const struct own_ports *own, struct count_table *counts, struct err *e)
{
    struct loader l = {.config = config, .own = own, .counts = counts};
    int rc;

    *snapshot = NULL;
    l.s = calloc(1, sizeof *l.s);
    if (!l.s)
        return err_set(e, ERR_INTERNAL, "out of memory");
    atomic_init(&l.s->references, 1);
    l.s->n_listen = config->listen.n_http;
    rc = store_route_each(db, take_row, &l, e);
    if (rc == 0)
        rc = store_route_failed_each(db, take_failed, &l, e);
    if (rc > 0 || (rc == 0 && (!finish_env(&l) || !index_all(l.s))))
        rc = err_set(e, ERR_INTERNAL, "out of memory");
    free(l.ports);
    if (rc < 0)
        snapshot_free(l.s);
    else
        *snapshot = l.s;
    return rc;
}

void route_ref(struct route_snapshot *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
}

void route_unref(struct route_snapshot *s)
{
    if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1)
        snapshot_free(s);
}

static const struct env *find_env(const struct route_snapshot *s, const char *subdomain, size_t len)
{
    char name[64];
    uint32_t at, pattern;

    if (len == 0 || len >= sizeof name)
        return NULL;
    memcpy(name, subdomain, len);
    name[len] = '\0';
    at = s->buckets[hash_bytes(name, len) & (s->n_buckets - 1)];
    while (at != NONE && strcmp(name_of(s, env_at(s, at)), name) != 0)
        at = env_at(s, at)->next;
    if (at != NONE && !env_at(s, at)->failed)
        return env_at(s, at);
    if (pattern_set_find(s->patterns, name, &pattern))
        return env_at(s, pattern);
    return at != NONE ? env_at(s, at) : NULL;
}

enum route_answer route_find(const struct route_snapshot *s, const char *subdomain, size_t len,
                             size_t listen, struct route *route)
{
    const struct env *env = find_env(s, subdomain, len);
    const struct range *range;

    if (!env)
        return ROUTE_UNKNOWN;
    if (env->failed)
        return ROUTE_FAILED;
    range = &env->ranges[listen];
    *route =
        (struct route){.counter = env->counter,
                       .targets = (const struct target *)(const void *)(s->bytes + range->first),
                       .n_targets = range->count,
                       .environment = name_of(s, env)};
    if (range->count > 0)
        return ROUTE_READY;
    if (env->asleep)
        return ROUTE_ASLEEP;
    return env->starting ? ROUTE_STARTING : ROUTE_UNKNOWN;
}

size_t route_count(const struct route_snapshot *s)
{
    return s->n_envs;
}

void route_each(const struct route_snapshot *s,
                void (*each)(void *ctx, const char *subdomain, uint32_t counter), void *ctx)
{
    for (size_t at = 0; at < s->len; at += env_at(s, at)->size) {
        const struct env *env = env_at(s, at);
        if (!env->failed)
            each(ctx, name_of(s, env), env->counter);
    }
}
