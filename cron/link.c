#include "link.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "pattern.h"

/* One address of one name, before those of a name are put together. */
struct pair {
    const char *name, *address;
};

struct pairs {
    struct arena *arena;
    struct pair *items;
    size_t len, cap;
};

static bool is_excluded(const struct config_strings *exclude, const char *container)
{
    for (size_t i = 0; i < exclude->len; i++)
        if (pattern_match(exclude->items[i], container) == PATTERN_MATCH)
            return true;
    return false;
}

static bool is_ipv4(const char *text)
{
    struct in_addr address;

    return inet_pton(AF_INET, text, &address) == 1;
}

/* Container names have letters of both cases, digits, `-` and `_`; DNS knows no case. */
static const char *name_of(const char *container, const char *subdomain, const char *zone,
                           struct arena *a)
{
    return ascii_lower_text(arena_printf(a, "%s.%s.%s", container, subdomain, zone));
}

static void add(struct pairs *pairs, const struct task *t, const struct config_strings *exclude,
                const char *zone)
{
    if (pattern_has_meta(t->subdomain))
        return;
    for (size_t i = 0; i < t->n_ports; i++) {
        const struct task_port *p = &t->ports[i];
        if (!is_ipv4(p->address) || is_excluded(exclude, p->container))
            continue;
        pairs->items =
            arena_grow(pairs->arena, pairs->items, pairs->len, &pairs->cap, sizeof *pairs->items);
        pairs->items[pairs->len++] =
            (struct pair){name_of(p->container, t->subdomain, zone, pairs->arena), p->address};
    }
}

static int by_name(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->address, b->address);
}

/* A container with two ports comes twice. */
static size_t put_together(struct pairs *pairs, struct link_record **records)
{
    size_t n = 0;

    if (pairs->len)
        qsort(pairs->items, pairs->len, sizeof *pairs->items, by_name);
    *records = arena_array(pairs->arena, pairs->len, sizeof **records);
    for (size_t i = 0; i < pairs->len; i++) {
        const struct pair *p = &pairs->items[i];
        struct link_record *last = n ? &(*records)[n - 1] : NULL;
        if (!last || strcmp(last->name, p->name) != 0)
            (*records)[n++] = (struct link_record){p->name, p->address};
        else if (strcmp(p[-1].address, p->address) != 0)
            last->addresses = arena_printf(pairs->arena, "%s %s", last->addresses, p->address);
    }
    return n;
}

static size_t records_of(const struct task_list *tasks, bool running,
                         const struct config_strings *exclude, const char *zone, struct arena *a,
                         struct link_record **records)
{
    struct pairs pairs = {.arena = a};

    for (size_t i = 0; i < tasks->len; i++) {
        const struct task *t = &tasks->items[i];
        if (running == (t->serves && task_is_live(t) && !strcmp(t->last_status, "RUNNING")))
            add(&pairs, t, exclude, zone);
    }
    return put_together(&pairs, records);
}

size_t link_wanted(const struct task_list *tasks, const struct config_strings *exclude,
                   const char *zone, struct arena *a, struct link_record **records)
{
    return records_of(tasks, true, exclude, zone, a, records);
}

size_t link_leftover(const struct task_list *tasks, const struct config_strings *exclude,
                     const char *zone, struct arena *a, struct link_record **records)
{
    return records_of(tasks, false, exclude, zone, a, records);
}

static int by_record_name(const void *left, const void *right)
{
    return strcmp(((const struct link_record *)left)->name,
                  ((const struct link_record *)right)->name);
}

const struct link_record *link_find(const struct link_record *records, size_t n, const char *name)
{
    struct link_record key = {.name = name};

    return n ? bsearch(&key, records, n, sizeof *records, by_record_name) : NULL;
}
