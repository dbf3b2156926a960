#include "cloudwatch_logs.h"

#include <string.h>

#include "json.h"

#include "json_call.h"

#define EVENTS_A_CALL 10000

/* A page's lines, in their order. */
struct page {
    struct log_line *items;
    size_t len;
    struct page *newer;
};

static json_t *compose(const struct log_stream *s, const struct log_query *query, size_t wanted,
                       const char *token)
{
    json_t *request =
        json_pack("{s:s, s:s, s:b, s:i, s:s*}", "logGroupName", s->group, "logStreamName",
                  s->stream, "startFromHead", 0, "limit",
                  (int)(wanted < EVENTS_A_CALL ? wanted : EVENTS_A_CALL), "nextToken", token);

    if (query->since_ms > 0)
        json_object_set_new(request, "startTime", json_integer(query->since_ms));
    return request;
}

static struct page *read_page(const json_t *answer, const char *container, struct arena *a)
{
    const json_t *events = json_object_get(answer, "events"), *event;
    struct page *page = arena_alloc(a, sizeof *page);
    size_t i;

    page->items = arena_array(a, json_array_size(events), sizeof *page->items);
    json_array_foreach (events, i, event)
        page->items[page->len++] = (struct log_line){
            .time_ms = json_integer_value(json_object_get(event, "timestamp")),
            .container = container,
            .text = json_text(event, "message", a),
        };
    return page;
}

/* From the newest page back to older ones, until there are enough or the service gives the token
 * that it was given: then there is nothing older. An empty page alone does not say so. */
static int read_pages(struct aws_client *client, const struct log_stream *s,
                      const struct log_query *query, size_t wanted, struct arena *a,
                      struct page **oldest, size_t *total, struct err *e)
{
    const char *token = NULL;

    *oldest = NULL;
    *total = 0;
    while (*total < wanted) {
        struct aws_call call =
            json_call(AWS_LOGS, "GetLogEvents", compose(s, query, wanted - *total, token), true, a);
        char code[AWS_CODE_SIZE];
        const char *before = token;
        struct page *page;
        json_t *answer;

        call.region = s->region;
        answer = json_call_one(client, call, code, e);
        if (!answer)
            return !strcmp(code, "ResourceNotFoundException") ? 0 : -1;
        page = read_page(answer, s->container, a);
        token = json_text(answer, "nextBackwardToken", a);
        json_decref(answer);
        page->newer = *oldest;
        *oldest = page;
        *total += page->len;
        if (!*token || (before && !strcmp(before, token)))
            break;
    }
    return 0;
}

int logs_read(struct aws_client *client, const struct log_stream *stream,
              const struct log_query *query, struct arena *a, struct log_lines *lines,
              struct err *e)
{
    size_t wanted =
        query->tail >= 0 && query->tail < LOGS_LINES_MAX ? (size_t)query->tail : LOGS_LINES_MAX;
    struct log_line *all;
    struct page *oldest;
    size_t total;

    if (read_pages(client, stream, query, wanted, a, &oldest, &total, e) < 0)
        return -1;
    all = arena_array(a, lines->len + total, sizeof *all);
    if (lines->len)
        memcpy(all, lines->items, lines->len * sizeof *all);
    lines->items = all;
    for (const struct page *p = oldest; p; p = p->newer) {
        if (p->len)
            memcpy(all + lines->len, p->items, p->len * sizeof *all);
        lines->len += p->len;
    }
    return 0;
}
