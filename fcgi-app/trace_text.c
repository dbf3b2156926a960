#include "trace_text.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#include "router.h"

#define LOG_LINES 200

struct line {
    int64_t time_ms;
    size_t order; /* of lines of one moment */
    const char *source, *text;
};

static int by_time(const void *a, const void *b)
{
    const struct line *l = a, *r = b;

    if (l->time_ms != r->time_ms)
        return l->time_ms < r->time_ms ? -1 : 1;
    return (l->order > r->order) - (l->order < r->order);
}

/* An event in the words of fujiwara/tracer, which the Go mirage-ecs asks. */
static const char *words_of(const char *what)
{
    static const struct {
        const char *ours, *theirs;
    } words[] = {
        {"created", "Created"},
        {"launched", "Created"},
        {"connected to its network", "Connected"},
        {"pulling its images", "Pull started"},
        {"pulled its images", "Pull stopped"},
        {"started", "Started"},
        {"running", "Started"},
        {"stopping", "Stopping"},
        {"its containers have ended", "Execution stopped"},
        {"stopped", "Stopped"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(what, words[i].ours))
            return words[i].theirs;
    return what;
}

static void add(struct line *lines, size_t *n, int64_t time_ms, const char *source,
                const char *text)
{
    lines[*n] = (struct line){time_ms, *n, source, text};
    ++*n;
}

static size_t add_events(struct call *c, const struct trace *trace, struct line *lines)
{
    size_t n = 0;

    for (size_t i = 0; i < trace->n_events; i++) {
        const struct trace_event *event = &trace->events[i];
        const char *words = words_of(event->what);
        bool stops = !strcmp(words, "Stopping");
        add(lines, &n, event->time_ms, "TASK", words);
        if (stops && trace->stopped_reason && *trace->stopped_reason)
            add(lines, &n, event->time_ms, "TASK",
                arena_printf(c->arena, "StoppedReason:%s", trace->stopped_reason));
        if (stops && trace->stop_code && *trace->stop_code)
            add(lines, &n, event->time_ms, "TASK",
                arena_printf(c->arena, "StoppedCode:%s", trace->stop_code));
    }
    return n;
}

static void write_line(struct buf *out, int64_t time_ms, const char *source, const char *text)
{
    char time[CLOCK_TEXT_SIZE];

    buf_printf(out, "%s\t%s\t%s\n", clock_rfc3339(time_ms, time), source, text);
}

static void write_state(struct call *c, const struct trace *trace, const struct task *t,
                        struct buf *out)
{
    int64_t now = clock_now_ms();

    for (size_t i = 0; i < trace->n_containers; i++) {
        const struct trace_container *k = &trace->containers[i];
        char *text = arena_printf(c->arena, "LastStatus:%s HealthStatus:%s",
                                  k->last_status ? k->last_status : t->last_status,
                                  k->health && *k->health ? k->health : "UNKNOWN");
        if (*k->exit_code)
            text = arena_printf(c->arena, "%s (exit code: %s)", text, k->exit_code);
        if (*k->reason)
            text = arena_printf(c->arena, "%s (reason: %s)", text, k->reason);
        write_line(out, now, arena_printf(c->arena, "CONTAINER:%s", k->name), text);
    }
    write_line(out, now, "TASK", arena_printf(c->arena, "LastStatus:%s", t->last_status));
}

void trace_text(struct call *c, const struct trace *trace, const struct task *t, struct buf *out)
{
    const struct log_query query = {.tail = LOG_LINES};
    struct task copy = *t;
    const struct task_list tasks = {&copy, 1};
    struct log_lines logs = {0};
    struct line *lines;
    struct err e;
    size_t n;

    if (runner_logs(c->with->runner, &tasks, &query, c->arena, &logs, &e) < 0) {
        log_info("%s: no log lines in the trace: %s", t->arn, e.text);
        logs.len = 0;
    }
    lines = arena_array(c->arena, 3 * trace->n_events + logs.len + 1, sizeof *lines);
    n = add_events(c, trace, lines);
    for (size_t i = 0; i < logs.len; i++)
        add(lines, &n, logs.items[i].time_ms,
            arena_printf(c->arena, "CONTAINER:%s", logs.items[i].container), logs.items[i].text);
    qsort(lines, n, sizeof *lines, by_time);
    for (size_t i = 0; i < n; i++)
        write_line(out, lines[i].time_ms, lines[i].source, lines[i].text);
    write_state(c, trace, t, out);
}
