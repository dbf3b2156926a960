/* Loads and checks templates. Everything that can be wrong with one shows at the start, and never
 * in a request. */
#include "template.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "utf8.h"

#include "encode.h"
#include "mustache.h"

#define TEMPLATE_SUFFIX ".html"
#define TEMPLATE_LIMIT  ((size_t)1 << 20)

struct template
{
    const char *name; /* without its suffix */
    const char *path;
    struct mustache *m;
};

struct templates {
    struct arena arena;
    struct template *items;
    size_t len;
    size_t cap;
};

static const struct {
    const char *name;
    bool required; /* in the folder that the team gave */
} pages[] = {
    {"layout", true}, {"list", true},      {"launcher", true}, {"terminate", false},
    {"trace", false}, {"launch", false},   {"logs", false},    {"purges", false},
    {"error", false}, {"starting", false},
};

static const struct template *find(const struct templates *t, const char *name)
{
    for (size_t i = 0; i < t->len; i++)
        if (!strcmp(t->items[i].name, name))
            return &t->items[i];
    return NULL;
}

static const struct mustache *lookup(const void *ctx, const char *name)
{
    const struct templates *t = ctx;
    const struct template *found = find(t, name);

    return found ? found->m : NULL;
}

/* 1 loaded, 0 there is no such file, -1. */
static int load(struct templates *t, const char *dir, const char *name, struct err *e)
{
    struct buf text = {0};
    struct template item = {.name = arena_strdup(&t->arena, name)};
    int rc = -1;

    item.path = arena_printf(&t->arena, "%s/%s%s", dir, name, TEMPLATE_SUFFIX);
    if (buf_read_file(&text, item.path, TEMPLATE_LIMIT) < 0) {
        if (errno == ENOENT)
            rc = 0;
        else
            err_system(e, errno, "cannot read %s", item.path);
        goto out;
    }
    if (utf8_valid(buf_text(&text), text.len) != text.len) {
        err_set(e, ERR_INVALID, "%s is not UTF-8", item.path);
        goto out;
    }
    if (mustache_parse(&item.m, item.path, buf_text(&text), text.len, e) < 0)
        goto out;
    t->items = arena_grow(&t->arena, t->items, t->len, &t->cap, sizeof(*t->items));
    t->items[t->len++] = item;
    rc = 1;
out:
    buf_free(&text);
    return rc;
}

static int load_pages(struct templates *t, const char *dir, const char *installed, struct err *e)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        int rc = load(t, dir, pages[i].name, e);

        if (rc == 0 && !pages[i].required)
            rc = load(t, installed, pages[i].name, e);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return err_set(e, ERR_INVALID, "%s/%s%s is missing",
                           pages[i].required ? dir : installed, pages[i].name, TEMPLATE_SUFFIX);
    }
    return 0;
}

static int load_partials(struct templates *t, const char *dir, struct err *e)
{
    const size_t suffix_len = strlen(TEMPLATE_SUFFIX);
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return err_system(e, errno, "cannot read the folder %s", dir);
    while (rc >= 0 && (entry = readdir(folder))) {
        size_t len = strlen(entry->d_name);
        const char *name;

        if (entry->d_name[0] == '.' || len <= suffix_len ||
            strcmp(entry->d_name + len - suffix_len, TEMPLATE_SUFFIX) != 0)
            continue;
        name = arena_strndup(&t->arena, entry->d_name, len - suffix_len);
        if (!find(t, name))
            rc = load(t, dir, name, e);
    }
    closedir(folder);
    return rc < 0 ? -1 : 0;
}

struct partial_check {
    const struct templates *t;
    const struct template *in;
    struct err *e;
};

static int check_partial(void *ctx, const char *partial, int line)
{
    const struct partial_check *check = ctx;

    if (find(check->t, partial))
        return 0;
    return err_set(check->e, ERR_INVALID, "%s:%d: there is no partial \"%s\" (%s%s)",
                   check->in->path, line, partial, partial, TEMPLATE_SUFFIX);
}

int templates_load(struct templates **t, const char *dir, const char *installed, struct err *e)
{
    struct arena arena = {0};
    struct templates *loaded = arena_alloc(&arena, sizeof(*loaded));

    *t = NULL;
    loaded->arena = arena;
    if (load_pages(loaded, dir, installed, e) < 0 || load_partials(loaded, dir, e) < 0)
        goto fail;
    for (size_t i = 0; i < loaded->len; i++) {
        struct partial_check check = {loaded, &loaded->items[i], e};

        if (mustache_each_partial(loaded->items[i].m, check_partial, &check) != 0)
            goto fail;
    }
    *t = loaded;
    return 0;
fail:
    templates_free(loaded);
    return -1;
}

void templates_free(struct templates *t)
{
    struct arena arena;

    if (!t)
        return;
    for (size_t i = 0; i < t->len; i++)
        mustache_free(t->items[i].m);
    arena = t->arena;
    arena_free(&arena);
}

int templates_render(const struct templates *t, const char *name, const json_t *view,
                     struct buf *out, struct err *e)
{
    const struct template *found = find(t, name);

    if (!found)
        return err_set(e, ERR_INTERNAL, "there is no template \"%s\"", name);
    return mustache_render(found->m, view, lookup, t, out, e);
}
