#include "local_logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "local_task.h"

/* A line and its place in reading order, which decides between lines of one moment. */
struct collected {
    struct log_line line;
    size_t place;
};

struct collector {
    struct arena *arena;
    struct collected *items;
    size_t len, cap;
    int64_t since_ms;
};

/* Takes the whole lines `<ms> <text>` of a log file; a line still being written is left. */
static void collect(struct collector *c, const char *text)
{
    const char *end;

    for (; (end = strchr(text, '\n')); text = end + 1) {
        char *space;
        int64_t ms = strtoll(text, &space, 10);
        if (*text < '0' || *text > '9' || *space != ' ' || ms < c->since_ms)
            continue;
        c->items = arena_grow(c->arena, c->items, c->len, &c->cap, sizeof *c->items);
        c->items[c->len] = (struct collected){
            .line = {.time_ms = ms,
                     .container = LOCAL_TASK_CONTAINER,
                     .text = arena_strndup(c->arena, space + 1, (size_t)(end - space - 1))},
            .place = c->len,
        };
        c->len++;
    }
}

static int collect_file(struct collector *c, const char *path, struct err *e)
{
    struct buf text = {0};
    int rc = 0;

    if (buf_read_file(&text, path, 2 * LOCAL_TASK_LOG_MAX) == 0)
        collect(c, buf_text(&text));
    else if (errno != ENOENT)
        rc = err_system(e, errno, "cannot read %s", path);
    buf_free(&text);
    return rc;
}

static int by_time(const void *left, const void *right)
{
    const struct collected *a = left, *b = right;

    if (a->line.time_ms != b->line.time_ms)
        return a->line.time_ms < b->line.time_ms ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

int local_logs(const char *dir, const struct task_list *tasks, const struct log_query *query,
               struct arena *a, struct log_lines *lines, struct err *e)
{
    struct collector c = {.arena = a, .since_ms = query->since_ms};
    size_t first = 0;

    *lines = (struct log_lines){0};
    for (size_t i = 0; i < tasks->len; i++) {
        const char *id = tasks->items[i].short_id;
        if (collect_file(&c, arena_printf(a, "%s/%s/log.1", dir, id), e) < 0 ||
            collect_file(&c, arena_printf(a, "%s/%s/log", dir, id), e) < 0)
            return -1;
    }
    if (c.len > 1)
        qsort(c.items, c.len, sizeof *c.items, by_time);
    if (query->tail >= 0 && c.len > (size_t)query->tail)
        first = c.len - (size_t)query->tail;
    lines->items = arena_array(a, c.len - first, sizeof *lines->items);
    for (size_t i = first; i < c.len; i++)
        lines->items[lines->len++] = c.items[i].line;
    return 0;
}
