/* The format is that of "Exposition formats", text version 0.0.4, at prometheus.io/docs. */
#include "metrics_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "metrics.h"
#include "stop_cause.h"

#include "access_log.h"
#include "conn.h"
#include "reply.h"
#include "worker.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"

/* --- writing ---------------------------------------------------------------------------------- */

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP mirage_%s %s\n# TYPE mirage_%s %s\n", name, help, name, type);
}

static void sample(struct buf *out, uint64_t value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void sample(struct buf *out, uint64_t value, const char *format, ...)
{
    va_list args;

    buf_str(out, "mirage_");
    va_start(args, format);
    buf_vprintf(out, format, args);
    va_end(args);
    buf_printf(out, " %" PRIu64 "\n", value);
}

/* The same in seconds. */
static void seconds(struct buf *out, uint64_t ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void seconds(struct buf *out, uint64_t ms, const char *format, ...)
{
    va_list args;

    buf_str(out, "mirage_");
    va_start(args, format);
    buf_vprintf(out, format, args);
    va_end(args);
    buf_printf(out, " %" PRIu64 ".%03u\n", ms / 1000, (unsigned)(ms % 1000));
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "counter", help);
    sample(out, value, "%s", name);
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "gauge", help);
    sample(out, value, "%s", name);
}

/* A label's value. What was counted here has none of `\`, `"` and line feed but in names of task
 * definitions, which ECS allows none of; a configuration may name local ones otherwise. */
static const char *escaped(const char *value, char text[2 * METRIC_NAME])
{
    size_t n = 0;

    for (; *value && n < 2 * METRIC_NAME - 2; value++) {
        if (*value == '"' || *value == '\\' || *value == '\n')
            text[n++] = '\\';
        text[n++] = *value == '\n' ? 'n' : *value;
    }
    text[n] = '\0';
    return text;
}

/* --- what workers count ----------------------------------------------------------------------- */

/* The same count of all workers. `offset`: where it is in struct tally. */
static uint64_t total(const struct shared *s, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < s->n_tallies; i++) {
        char *count = (char *)&s->tallies[i] + offset;
        sum += atomic_load_explicit((tally_count *)(void *)count, memory_order_relaxed);
    }
    return sum;
}

#define TOTAL(s, member) total(s, offsetof(struct tally, member))

static void add_requests(struct buf *out, const struct shared *s)
{
    static const char *const classes[TALLY_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

    family(out, "proxy_requests_total", "counter",
           "Requests that have ended, by the class of their status and by what decided it.");
    for (size_t by = 0; by < TALLY_BYS; by++)
        for (size_t class = 0; class < TALLY_CLASSES; class ++)
            sample(out,
                   total(s, offsetof(struct tally, requests) +
                                (by * TALLY_CLASSES + class) * sizeof(tally_count)),
                   "proxy_requests_total{class=\"%s\",by=\"%s\"}", classes[class],
                   tally_by_word(by));
}

static void add_times(struct buf *out, const struct shared *s)
{
    static const int bounds[] = TALLY_BOUNDS;
    uint64_t sum = 0, us = TOTAL(s, us);

    family(out, "proxy_request_seconds", "histogram",
           "From the request's whole head to the end of its answer, where a task answered.");
    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        sum += total(s, offsetof(struct tally, buckets) + i * sizeof(tally_count));
        if (i < TALLY_BUCKETS - 1)
            sample(out, sum, "proxy_request_seconds_bucket{le=\"%d.%03d\"}", bounds[i] / 1000,
                   bounds[i] % 1000);
    }
    sample(out, sum, "proxy_request_seconds_bucket{le=\"+Inf\"}");
    buf_printf(out, "mirage_proxy_request_seconds_sum %" PRIu64 ".%06u\n", us / 1000000,
               (unsigned)(us % 1000000));
    sample(out, sum, "proxy_request_seconds_count");
}

static void add_errors(struct buf *out, const struct shared *s)
{
    static const char *const kinds[TALLY_ERRORS] = {"no_connection", "connect_timeout",
                                                    "no_answer",     "answer_timeout",
                                                    "malformed",     "broken_off"};

    family(out, "proxy_upstream_errors_total", "counter",
           "Attempts at which a task, or the web server, gave no whole answer.");
    for (size_t i = 0; i < TALLY_ERRORS; i++)
        sample(out, total(s, offsetof(struct tally, errors) + i * sizeof(tally_count)),
               "proxy_upstream_errors_total{kind=\"%s\"}", kinds[i]);
}

static void add_log(struct buf *out, const struct shared *s)
{
    const uint64_t lost = access_log_lost(s->access_log);

    family(out, "access_log_lines_total", "counter",
           "Lines of the access log; of those that are lost nobody took them in time, or at all.");
    sample(out, TOTAL(s, lines) - lost, "access_log_lines_total{result=\"written\"}");
    sample(out, TOTAL(s, lines_lost) + lost, "access_log_lines_total{result=\"lost\"}");
}

struct each {
    struct buf *out;
    const struct shared *shared;
};

static void add_environment(void *ctx, const char *subdomain, uint32_t counter)
{
    static const char *const uses[] = {"counted", "ignored"};
    const struct each *each = ctx;
    char text[2 * METRIC_NAME];

    for (int ignored = 0; ignored < 2; ignored++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < each->shared->n_tallies; i++)
            sum += count_read(count_worker(each->shared->counts, i), counter, ignored);
        sample(each->out, sum, "environment_requests_total{environment=\"%s\",use=\"%s\"}",
               escaped(subdomain, text), uses[ignored]);
    }
}

static void add_environments(struct buf *out, struct worker *w)
{
    struct each each = {out, w->shared};

    if (!w->shared->config->metrics.per_environment)
        return;
    family(out, "environment_requests_total", "counter",
           "Requests for each environment that were let in: use, and what use.ignore names.");
    route_each(route_inbox_routes(&w->inbox), add_environment, &each);
}

static void add_proxy(struct buf *out, struct worker *w)
{
    struct shared *s = w->shared;

    add_requests(out, s);
    add_times(out, s);
    counter(out, "proxy_request_bytes_total",
            "Sent to tasks and to the web server, heads included.", TOTAL(s, request_bytes));
    counter(out, "proxy_response_bytes_total", "Sent to clients, heads included.",
            TOTAL(s, response_bytes));
    counter(out, "proxy_connections_total", "Connections of clients that were accepted.",
            TOTAL(s, connections));
    gauge(out, "proxy_connections", "Connections of clients that are open.", TOTAL(s, open));
    counter(out, "proxy_tunnels_total", "WebSockets that were opened.", TOTAL(s, tunnels));
    gauge(out, "proxy_tunnels", "WebSockets that are open.", TOTAL(s, open_tunnels));
    gauge(out, "proxy_held_requests", "Requests that wait for their environment (wake.hold).",
          atomic_load(&s->n_held));
    counter(out, "proxy_retries_total",
            "Requests that were sent again, to the same task or another.", TOTAL(s, retries));
    add_errors(out, s);
    gauge(out, "proxy_routes", "Environments that mirage-proxyd knows.",
          route_count(route_inbox_routes(&w->inbox)));
    counter(out, "proxy_route_reloads_total", "How often the routes were read.",
            atomic_load(&s->n_reloads));
    family(out, "proxy_route_reload_seconds", "gauge",
           "How long reading them took, the last time.");
    seconds(out, atomic_load(&s->reload_ms), "proxy_route_reload_seconds");
    add_log(out, s);
    add_environments(out, w);
}

/* --- what the programs share ------------------------------------------------------------------ */

static void add_sync(struct buf *out)
{
    static const char *const states[METRIC_ENVIRONMENTS] = {"ready", "starting", "asleep"};

    family(out, "sync_success_timestamp_seconds", "gauge",
           "When the tasks were last looked at with success; 0: not yet.");
    seconds(out, metric_get(&metrics->sync_succeeded_at), "sync_success_timestamp_seconds");
    counter(out, "sync_failures_total", "Looks at the tasks that failed.",
            metric_get(&metrics->sync_failures));
    family(out, "environments", "gauge", "Environments by state.");
    for (size_t i = 0; i < METRIC_ENVIRONMENTS; i++)
        sample(out, metric_get(&metrics->environments[i]), "environments{state=\"%s\"}", states[i]);
    gauge(out, "counts_unreported",
          "Requests of minutes that are over, and that CloudWatch has not been told of.",
          metric_get(&metrics->counts_unreported));
}

static void add_launches(struct buf *out)
{
    counter(out, "launches_total", "Launches that were begun, wakes and recoveries included.",
            metric_get(&metrics->launches));
    counter(out, "launches_ready_total", "Launches that became ready.",
            metric_get(&metrics->launches_ready));
    family(out, "launches_failed_total", "counter", "Launches that failed, by cause.");
    for (size_t i = 0; i < STOP_CAUSES; i++)
        sample(out, metric_get(&metrics->launches_failed[i]), "launches_failed_total{cause=\"%s\"}",
               stop_cause_key(i));
}

static void add_start_times(struct buf *out)
{
    static const int bounds[] = METRIC_START_BOUNDS;
    char text[2 * METRIC_NAME];

    family(out, "launch_seconds", "histogram",
           "From a launch to its being ready, by the family of the task definition.");
    for (size_t i = 0; i < METRIC_TASKDEFS; i++) {
        const struct metric_starts *t = &metrics->starts[i];
        const char *name = escaped(metric_label_name(&t->taskdef), text);
        uint64_t sum = 0;

        if (!*name)
            break;
        for (size_t k = 0; k < METRIC_START_BUCKETS; k++) {
            sum += metric_get(&t->buckets[k]);
            if (k < METRIC_START_BUCKETS - 1)
                sample(out, sum, "launch_seconds_bucket{taskdef=\"%s\",le=\"%d\"}", name,
                       bounds[k]);
        }
        sample(out, sum, "launch_seconds_bucket{taskdef=\"%s\",le=\"+Inf\"}", name);
        seconds(out, metric_get(&t->ms), "launch_seconds_sum{taskdef=\"%s\"}", name);
        sample(out, sum, "launch_seconds_count{taskdef=\"%s\"}", name);
    }
}

static void add_by(struct buf *out, const char *name, const char *help, const metric *counts)
{
    static const char *const bys[METRIC_BYS] = {"person",   "visit", "idleness", "purge",
                                                "schedule", "limit", "itself"};

    family(out, name, "counter", help);
    for (size_t i = 0; i < METRIC_BYS; i++)
        sample(out, metric_get(&counts[i]), "%s{by=\"%s\"}", name, bys[i]);
}

static void add_sleep(struct buf *out)
{
    add_by(out, "sleeps_total", "Environments that were put to sleep, by who did that.",
           metrics->sleeps);
    add_by(out, "wakes_total", "Environments that were woken, by who did that.", metrics->wakes);
    counter(out, "wakes_refused_total", "Wakes that limit.awake or wake.limit refused.",
            metric_get(&metrics->wakes_refused));
    counter(out, "purges_total", "Purges that were carried out.", metric_get(&metrics->purges));
    counter(out, "purges_failed_total", "Of those, the ones that failed.",
            metric_get(&metrics->purges_failed));
    counter(out, "purged_total", "Environments that purges have stopped.",
            metric_get(&metrics->purged));
}

static void add_calls(struct buf *out)
{
    static const char *const results[METRIC_CALLS] = {"ok", "throttled", "denied", "refused",
                                                      "failed"};

    family(out, "aws_calls_total", "counter",
           "Calls of AWS that have ended, with all their retries, by operation and result.");
    for (size_t i = 0; i < METRIC_OPERATIONS; i++) {
        const struct metric_operation *o = &metrics->operations[i];
        const char *name = metric_label_name(&o->operation);

        for (size_t k = 0; *name && k < METRIC_CALLS; k++)
            sample(out, metric_get(&o->calls[k]), "aws_calls_total{operation=\"%s\",result=\"%s\"}",
                   name, results[k]);
    }
}

static const char *const programs[METRIC_PROGRAMS] = {
    [METRIC_PROXYD] = "mirage-proxyd",
    [METRIC_WEB] = "web",
    [METRIC_API] = "mirage-api",
    [METRIC_SYNC] = "mirage-sync",
};

static void add_processes(struct buf *out)
{
    const struct metric_process *all = metrics->processes;

    family(out, "build_info", "gauge", "Always 1; the version is a label.");
    sample(out, 1, "build_info{version=\"%s\"}", MIRAGE_VERSION);
    family(out, "process_up", "gauge", "1 while the program runs.");
    for (size_t i = 0; i < METRIC_PROGRAMS; i++)
        sample(out, metric_get(&all[i].started_at) > 0, "process_up{program=\"%s\"}", programs[i]);
    family(out, "process_start_timestamp_seconds", "gauge", "When the program was started last.");
    for (size_t i = 0; i < METRIC_PROGRAMS; i++)
        seconds(out, metric_get(&all[i].started_at),
                "process_start_timestamp_seconds{program=\"%s\"}", programs[i]);
    family(out, "process_starts_total", "counter", "How often it was started.");
    for (size_t i = 0; i < METRIC_PROGRAMS; i++)
        sample(out, metric_get(&all[i].starts), "process_starts_total{program=\"%s\"}",
               programs[i]);
    family(out, "process_resident_memory_bytes", "gauge", "Its memory.");
    for (size_t i = 0; i < METRIC_PROGRAMS; i++)
        sample(out, metric_get(&all[i].memory), "process_resident_memory_bytes{program=\"%s\"}",
               programs[i]);
    family(out, "process_cpu_seconds_total", "counter", "The time of processors that it has used.");
    for (size_t i = 0; i < METRIC_PROGRAMS; i++)
        seconds(out, metric_get(&all[i].cpu_ms), "process_cpu_seconds_total{program=\"%s\"}",
                programs[i]);
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool is_asked_for(const struct conn *c, const struct http_request *r)
{
    static const char path[] = "/metrics";

    return (r->method == HTTP_METHOD_GET || r->method == HTTP_METHOD_HEAD) &&
           r->path.len == sizeof path - 1 && !memcmp(conn_head(c) + r->path.at, path, r->path.len);
}

void metrics_page_answer(struct conn *c, const struct http_request *r)
{
    struct buf out = {0};

    if (!is_asked_for(c, r)) {
        reply_text(c, 404, "Here is /metrics, and nothing else.");
        return;
    }
    add_proxy(&out, c->worker);
    add_sync(&out);
    add_launches(&out);
    add_start_times(&out);
    add_sleep(&out);
    add_calls(&out);
    add_processes(&out);
    reply_bytes(c, 200, TYPE, &out);
    buf_free(&out);
}
