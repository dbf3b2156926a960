#include "process_figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"

/* /proc/<pid>/stat (proc(5)): utime and stime are its fields 14 and 15, in clock ticks; rss is its
 * field 24, in pages. Behind the name, which may have anything in it, field 3 comes first. */
static void read_stat(const char *text, struct metric_process *figures)
{
    const char *p = strrchr(text, ')');
    uint64_t utime, stime, rss;
    const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), page = (uint64_t)sysconf(_SC_PAGESIZE);

    if (!p || ticks == 0 ||
        sscanf(p + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
               " %*d %*d %*d %*d %*d %*d %*u %*u %" SCNu64,
               &utime, &stime, &rss) != 3)
        return;
    metric_set(&figures->cpu_ms, (utime + stime) * 1000 / ticks);
    metric_set(&figures->memory, rss * page);
}

void process_figures(const struct child *c, struct metric_process *figures)
{
    struct buf text = {0}, path = {0};
    int64_t ran_ms;

    metric_set(&figures->starts, c->starts);
    if (!c->pid) {
        metric_set(&figures->started_at, 0);
        return;
    }
    ran_ms = clock_monotonic_ms() - c->started_at;
    metric_set(&figures->started_at, (uint64_t)(clock_now_ms() - ran_ms));
    buf_printf(&path, "/proc/%d/stat", (int)c->pid);
    if (buf_read_file(&text, buf_text(&path), 4096) == 0)
        read_stat(buf_text(&text), figures);
    buf_free(&path);
    buf_free(&text);
}
