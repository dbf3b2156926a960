#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "pattern.h"
#include "pattern_set.h"
#include "store_route.h"

/* What requests by one listen entry may reach: targets[first .. first + count). */
struct range {
    uint32_t first, count;
};

struct env {
    char *subdomain;
    uint32_t counter;
    bool starting;
    uint32_t next;   /* in its hash bucket; NONE: the last */
    uint32_t ranges; /* of its first range; one follows a listen entry */
};

#define NONE UINT32_MAX

struct route_snapshot {
    atomic_uint references;
    size_t n_listen;
    struct env *envs; /* by launch time */
    size_t n_envs, envs_cap;
    struct range *ranges;
    size_t n_ranges, ranges_cap;
    struct target *targets;
    size_t n_targets, targets_cap;
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
    struct count_table *counts;
    struct port_row *ports;
    size_t n_ports, ports_cap;
};

/* An array with room for one element more; NULL when there is no memory. */
static void *room(void *array, size_t len, size_t *cap, size_t size)
{
    size_t larger = *cap ? *cap * 2 : 64;
    void *more;

    if (len < *cap)
        return array;
    more = realloc(array, larger * size);
    if (more)
        *cap = larger;
    return more;
}

#define ROOM(array, len, cap)                                                                      \
    __extension__({                                                                                \
        void *more_ = room((array), (len), &(cap), sizeof *(array));                               \
        if (more_)                                                                                 \
            (array) = more_;                                                                       \
        more_ != NULL;                                                                             \
    })

static void snapshot_free(struct route_snapshot *s)
{
    for (size_t i = 0; i < s->n_envs; i++)
        free(s->envs[i].subdomain);
    free(s->envs);
    free(s->ranges);
    free(s->targets);
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
    s->envs[s->n_envs - 1].ranges = (uint32_t)s->n_ranges;
    for (size_t i = 0; i < s->n_listen; i++) {
        long wanted = l->config->listen.http[i].target;
        bool own = false;
        if (!ROOM(s->ranges, s->n_ranges, s->ranges_cap))
            return false;
        s->ranges[s->n_ranges] = (struct range){.first = (uint32_t)s->n_targets};
        for (size_t k = 0; k < l->n_ports; k++)
            own = own || l->ports[k].container_port == wanted;
        for (size_t k = 0; k < l->n_ports; k++) {
            if (l->ports[k].container_port != (own ? wanted : 0))
                continue;
            if (!ROOM(s->targets, s->n_targets, s->targets_cap))
                return false;
            s->targets[s->n_targets++] = l->ports[k].target;
            s->ranges[s->n_ranges].count++;
        }
        s->n_ranges++;
    }
    l->n_ports = 0;
    return true;
}

static bool begin_env(struct loader *l, const struct route_row *row)
{
    struct route_snapshot *s = l->s;
    int64_t counter = count_number(l->counts, row->subdomain);
    struct env *env;

    if (counter < 0 || !ROOM(s->envs, s->n_envs, s->envs_cap))
        return false;
    env = &s->envs[s->n_envs];
    *env = (struct env){.counter = (uint32_t)counter,
                        .starting = row->starting,
                        .subdomain = strdup(row->subdomain)};
    if (!env->subdomain)
        return false;
    s->n_envs++;
    return true;
}

static int take_row(void *ctx, const struct route_row *row)
{
    struct loader *l = ctx;
    struct route_snapshot *s = l->s;

    if (s->n_envs == 0 || strcmp(s->envs[s->n_envs - 1].subdomain, row->subdomain) != 0)
        if (!finish_env(l) || !begin_env(l, row))
            return 1;
    if (!*row->address)
        return 0;
    if (!ROOM(l->ports, l->n_ports, l->ports_cap))
        return 1;
    l->ports[l->n_ports].container_port = row->target;
    if (target_set_ip(&l->ports[l->n_ports].target, row->address, row->port))
        l->n_ports++;
    return 0;
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
    for (size_t i = 0; i < s->n_envs; i++) {
        struct env *env = &s->envs[i];
        size_t at = hash_bytes(env->subdomain, strlen(env->subdomain)) & (s->n_buckets - 1);
        env->next = s->buckets[at];
        s->buckets[at] = (uint32_t)i;
    }
    return true;
}

static bool index_patterns(struct route_snapshot *s)
{
    struct pattern_entry *entries = calloc(s->n_envs + 1, sizeof *entries);
    size_t n = 0;

    for (size_t i = 0; entries && i < s->n_envs; i++)
        if (pattern_has_meta(s->envs[i].subdomain))
            entries[n++] = (struct pattern_entry){s->envs[i].subdomain, (uint32_t)i};
    s->patterns = entries ? pattern_set_new(entries, n) : NULL;
    free(entries);
    return s->patterns != NULL;
}

int route_load(struct route_snapshot **snapshot, struct db *db, const struct config *config,
               struct count_table *counts, struct err *e)
{
    struct loader l = {.config = config, .counts = counts};
    int rc;

    *snapshot = NULL;
    l.s = calloc(1, sizeof *l.s);
    if (!l.s)
        return err_set(e, ERR_INTERNAL, "out of memory");
    atomic_init(&l.s->references, 1);
    l.s->n_listen = config->listen.n_http;
    rc = store_route_each(db, take_row, &l, e);
    if (rc > 0 || (rc == 0 && (!finish_env(&l) || !index_exact(l.s) || !index_patterns(l.s))))
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
    uint32_t i;

    if (len == 0 || len >= sizeof name)
        return NULL;
    memcpy(name, subdomain, len);
    name[len] = '\0';
    i = s->buckets[hash_bytes(name, len) & (s->n_buckets - 1)];
    for (; i != NONE; i = s->envs[i].next)
        if (!strcmp(s->envs[i].subdomain, name))
            return &s->envs[i];
    return pattern_set_find(s->patterns, name, &i) ? &s->envs[i] : NULL;
}

enum route_answer route_find(const struct route_snapshot *s, const char *subdomain, size_t len,
                             size_t listen, struct route *route)
{
    const struct env *env = find_env(s, subdomain, len);
    const struct range *range;

    if (!env)
        return ROUTE_UNKNOWN;
    range = &s->ranges[env->ranges + listen];
    *route = (struct route){
        .counter = env->counter, .targets = s->targets + range->first, .n_targets = range->count};
    if (range->count > 0)
        return ROUTE_READY;
    return env->starting ? ROUTE_STARTING : ROUTE_UNKNOWN;
}

size_t route_count(const struct route_snapshot *s)
{
    return s->n_envs;
}
