#include "log_lines.h"

#include <stdlib.h>

/* A line and its place in reading order, which decides between lines of one moment. */
struct placed {
    struct log_line line;
    size_t place;
};

static int by_time(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    if (a->line.time_ms != b->line.time_ms)
        return a->line.time_ms < b->line.time_ms ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

void log_lines_merge(struct log_lines *lines, long tail, struct arena *a)
{
    struct placed *all = arena_array(a, lines->len, sizeof *all);
    size_t first = 0;

    for (size_t i = 0; i < lines->len; i++)
        all[i] = (struct placed){lines->items[i], i};
    if (lines->len > 1)
        qsort(all, lines->len, sizeof *all, by_time);
    if (tail >= 0 && lines->len > (size_t)tail)
        first = lines->len - (size_t)tail;
    for (size_t i = first; i < lines->len; i++)
        lines->items[i - first] = all[i].line;
    lines->len -= first;
}
