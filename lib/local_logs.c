#include "local_logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "local_task.h"
#include "log_lines.h"

struct collector {
    struct arena *arena;
    struct log_lines *lines;
    size_t cap;
    int64_t since_ms;
};

/* Takes the whole lines `<ms> <text>` of a log file; a line still being written is left. */
static void collect(struct collector *c, const char *text)
{
    struct log_lines *lines = c->lines;
    const char *end;

    for (; (end = strchr(text, '\n')); text = end + 1) {
        char *space;
        int64_t ms = strtoll(text, &space, 10);
        if (*text < '0' || *text > '9' || *space != ' ' || ms < c->since_ms)
            continue;
        lines->items =
            arena_grow(c->arena, lines->items, lines->len, &c->cap, sizeof *lines->items);
        lines->items[lines->len++] = (struct log_line){
            .time_ms = ms,
            .container = LOCAL_TASK_CONTAINER,
            .text = arena_strndup(c->arena, space + 1, (size_t)(end - space - 1)),
        };
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

int local_logs(const char *dir, const struct task_list *tasks, const struct log_query *query,
               struct arena *a, struct log_lines *lines, struct err *e)
{
    struct collector c = {.arena = a, .lines = lines, .since_ms = query->since_ms};

    *lines = (struct log_lines){0};
    for (size_t i = 0; i < tasks->len; i++) {
        const char *id = tasks->items[i].short_id;
        if (collect_file(&c, arena_printf(a, "%s/%s/log.1", dir, id), e) < 0 ||
            collect_file(&c, arena_printf(a, "%s/%s/log", dir, id), e) < 0)
            return -1;
    }
    log_lines_merge(lines, query->tail, a);
    return 0;
}
