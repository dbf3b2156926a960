/* The streams are read side by side, a page each in turn, from the newest page back to older ones.
 * Whatever a stream answers, the reading ends: pages, lines, bytes and seconds have bounds. */
#include "cloudwatch_logs.h"

#include <string.h>

#include "json.h"

#include "json_call.h"

#define EVENTS_A_CALL 10000
#define ANSWER_LIMIT                                                                               \
    ((size_t)16 * 1024 * 1024) /* a page has 1 MiB of text, before JSON escapes it */
#define SIDE_BY 8

/* A page's lines, in their order. */
struct page {
    struct log_line *items;
    size_t len;
    struct page *newer;
};

/* A stream while it is read. */
struct reader {
    const struct log_stream *of;
    struct page *oldest; /* NULL: none yet */
    size_t lines;
    int pages, empty; /* empty ones in a row */
    const char *token;
    bool done;
    const char *note; /* NULL: nothing is missing */
};

/* What is read of all streams together. */
struct reading {
    struct aws_client *client;
    const struct log_query *query;
    struct arena *a;
    size_t wanted; /* lines of each */
    size_t bytes;
};

static struct aws_call compose(const struct reading *r, const struct reader *s)
{
    size_t left = r->wanted - s->lines;
    json_t *request =
        json_pack("{s:s, s:s, s:b, s:i, s:s*}", "logGroupName", s->of->group, "logStreamName",
                  s->of->stream, "startFromHead", 0, "limit",
                  (int)(left < EVENTS_A_CALL ? left : EVENTS_A_CALL), "nextToken", s->token);
    struct aws_call call;

    if (r->query->since_ms > 0)
        json_object_set_new(request, "startTime", json_integer(r->query->since_ms));
    call = json_call(AWS_LOGS, "GetLogEvents", request, true, r->a);
    call.region = s->of->region;
    call.give_up_at = clock_monotonic_ms() + LOGS_CALL_MS;
    call.answer_limit = ANSWER_LIMIT;
    return call;
}

static struct page *read_page(struct reading *r, const json_t *answer, const char *container)
{
    const json_t *events = json_object_get(answer, "events"), *event;
    struct page *page = arena_alloc(r->a, sizeof *page);
    size_t i;

    *page = (struct page){.items = arena_array(r->a, json_array_size(events), sizeof *page->items)};
    json_array_foreach (events, i, event) {
        const char *text = json_text(event, "message", r->a);
        r->bytes += strlen(text);
        page->items[page->len++] = (struct log_line){
            .time_ms = json_integer_value(json_object_get(event, "timestamp")),
            .container = container,
            .text = text,
        };
    }
    return page;
}

/* Why the stream is not read further back; NULL when it is. */
static const char *bound_of(const struct reading *r, const struct reader *s)
{
    if (s->lines >= LOGS_LINES_MAX)
        return arena_printf(r->a, "only the newest %d lines were read", LOGS_LINES_MAX);
    if (r->bytes >= LOGS_BYTES_MAX)
        return arena_printf(
            r->a, "only the newest %zu lines were read: together the logs are over %zu MiB",
            s->lines, LOGS_BYTES_MAX / 1024 / 1024);
    if (s->empty >= LOGS_EMPTY_MAX)
        return arena_printf(
            r->a, "CloudWatch Logs gave %d pages without a line: what is older was not read",
            s->empty);
    if (s->pages >= LOGS_PAGES_MAX)
        return arena_printf(r->a, "only the newest %d pages were read", s->pages);
    return NULL;
}

/* Takes the answer to a page. There is nothing older when the service gives the token that it was
 * given; an empty page alone does not say so. */
static void take(struct reading *r, struct reader *s, struct aws_call *call)
{
    json_t *answer = call->failed ? NULL : json_call_answer(call);
    const char *before = s->token;
    struct page *page;

    if (!answer) {
        s->done = true;
        if (strcmp(call->code, "ResourceNotFoundException") != 0)
            s->note = arena_strdup(r->a, call->err.text);
        return;
    }
    page = read_page(r, answer, s->of->container);
    s->token = json_text(answer, "nextBackwardToken", r->a);
    json_decref(answer);
    page->newer = s->oldest;
    s->oldest = page;
    s->lines += page->len;
    s->pages++;
    s->empty = page->len ? 0 : s->empty + 1;
    s->done = !*s->token || (before && !strcmp(before, s->token)) ||
              (s->lines >= r->wanted && r->wanted < LOGS_LINES_MAX);
    if (!s->done && (s->note = bound_of(r, s)))
        s->done = true;
}

/* A page of each stream that has more. False when none has. */
static bool read_round(struct reading *r, struct reader *readers, size_t n)
{
    struct aws_call calls[SIDE_BY];
    struct reader *of[SIDE_BY];
    size_t some = 0;
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (!readers[i].done) {
            of[some] = &readers[i];
            calls[some++] = compose(r, &readers[i]);
        }
        if (some == SIDE_BY || (some > 0 && i + 1 == n)) {
            aws_perform(r->client, calls, some);
            for (size_t k = 0; k < some; k++) {
                take(r, of[k], &calls[k]);
                any = any || !of[k]->done;
            }
            aws_call_free(calls, some);
            some = 0;
        }
    }
    return any;
}

/* All lines, behind those that are there. */
static void append(const struct reader *readers, size_t n, struct arena *a, struct log_lines *lines)
{
    struct log_line *all;
    size_t total = lines->len;

    for (size_t i = 0; i < n; i++)
        total += readers[i].lines;
    all = arena_array(a, total, sizeof *all);
    if (lines->len)
        memcpy(all, lines->items, lines->len * sizeof *all);
    lines->items = all;
    for (size_t i = 0; i < n; i++)
        for (const struct page *p = readers[i].oldest; p; p = p->newer) {
            if (p->len)
                memcpy(all + lines->len, p->items, p->len * sizeof *all);
            lines->len += p->len;
        }
}

size_t logs_read(struct aws_client *client, const struct log_stream *streams, size_t n,
                 const struct log_query *query, struct arena *a, struct log_lines *lines,
                 const char **notes)
{
    struct reading r = {.client = client, .query = query, .a = a, .wanted = LOGS_LINES_MAX};
    struct reader *readers = arena_array(a, n, sizeof *readers);
    size_t failed = 0;

    if (query->tail >= 0 && query->tail < LOGS_LINES_MAX)
        r.wanted = (size_t)query->tail;
    for (size_t i = 0; i < n; i++)
        readers[i] = (struct reader){.of = &streams[i], .done = r.wanted == 0};
    while (read_round(&r, readers, n))
        ;
    append(readers, n, a, lines);
    for (size_t i = 0; i < n; i++) {
        notes[i] = readers[i].note;
        failed += readers[i].note && readers[i].pages == 0;
    }
    return failed;
}
