#include "cloudwatch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#include "form.h"
#include "xml.h"

#define NAMESPACE       "mirage-ecs"
#define DIMENSION       "subdomain"
#define VERSION         "2010-08-01"
#define SIDE_BY         4   /* calls of GetMetricData at once */
#define PAGES_MAX       100 /* of GetMetricData; access_counts.c asks for what fits into one */

#define GET_METRIC_DATA "CloudWatch GetMetricData"

static const char *metric_name(enum access_kind kind)
{
    return kind == ACCESS_IGNORED ? "IgnoredCount" : "RequestCount";
}

static void form_begin(struct buf *form, const char *action)
{
    buf_printf(form, "Action=%s&Version=" VERSION, action);
}

/* --- PutMetricData -----------------------------------------------------------------------------
 */

static void add_value(struct buf *form, const struct metric_value *v, size_t number)
{
    char time[CLOCK_TEXT_SIZE];

    form_add(form, metric_name(v->kind), "MetricData.member.%zu.MetricName", number);
    form_add(form, DIMENSION, "MetricData.member.%zu.Dimensions.member.1.Name", number);
    form_add(form, v->subdomain, "MetricData.member.%zu.Dimensions.member.1.Value", number);
    form_add(form, clock_rfc3339(v->minute * 60000, time), "MetricData.member.%zu.Timestamp",
             number);
    form_add(form, "Count", "MetricData.member.%zu.Unit", number);
    buf_printf(form, "&MetricData.member.%zu.Value=%lld", number, (long long)v->count);
}

int cloudwatch_put(struct aws_client *client, const struct metric_value *values, size_t n,
                   char code[AWS_CODE_SIZE], struct err *e)
{
    struct buf form = {0};
    struct aws_call call = {.service = AWS_CLOUDWATCH, .operation = "PutMetricData"};
    int rc;

    form_begin(&form, call.operation);
    form_add(&form, NAMESPACE, "Namespace");
    for (size_t i = 0; i < n; i++)
        add_value(&form, &values[i], i + 1);
    if (form.failed)
        abort();
    call.body = buf_text(&form);
    aws_perform(client, &call, 1);
    rc = aws_call_check(&call, 1, e);
    memcpy(code, call.code, AWS_CODE_SIZE);
    aws_call_free(&call, 1);
    buf_free(&form);
    return rc;
}

/* --- GetMetricData -----------------------------------------------------------------------------
 */

/* A call's share of the sums, and the page that it asks for. */
struct batch {
    struct metric_sum *sums;
    size_t n;
    const char *token; /* NULL: the first page */
    struct aws_pages pages;
    bool done;
};

static const char *compose(const struct batch *b, const struct metric_window *window,
                           struct arena *a)
{
    char start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    struct buf form = {0};
    const char *text;

    form_begin(&form, "GetMetricData");
    form_add(&form, clock_rfc3339(window->start_ms, start), "StartTime");
    form_add(&form, clock_rfc3339(window->end_ms, end), "EndTime");
    if (b->token)
        form_add(&form, b->token, "NextToken");
    for (size_t i = 0; i < b->n; i++) {
        const char *member = arena_printf(a, "MetricDataQueries.member.%zu", i + 1);
        const char *stat = arena_printf(a, "%s.MetricStat", member);
        buf_printf(&form, "&%s.Id=q%zu", member, i);
        form_add(&form, NAMESPACE, "%s.Metric.Namespace", stat);
        form_add(&form, metric_name(b->sums[i].kind), "%s.Metric.MetricName", stat);
        form_add(&form, DIMENSION, "%s.Metric.Dimensions.member.1.Name", stat);
        form_add(&form, b->sums[i].subdomain, "%s.Metric.Dimensions.member.1.Value", stat);
        buf_printf(&form, "&%s.Period=%ld&%s.Stat=Sum", stat, window->period_s, stat);
    }
    if (form.failed)
        abort();
    text = arena_strdup(a, form.data);
    buf_free(&form);
    return text;
}

/* Values and timestamps are two lists side by side. */
static void take_values(struct metric_sum *sum, const struct metric_window *window,
                        const struct xml *result)
{
    const struct xml *value = xml_child(xml_child(result, "Values"), "member");
    const struct xml *time = xml_child(xml_child(result, "Timestamps"), "member");
    int64_t begin;

    for (; value; value = xml_again(value)) {
        double v = strtod(value->text, NULL);
        sum->sum += v <= 0 ? 0 : v < 1e12 ? (int64_t)(v + 0.999) : (int64_t)1e12; /* NaN too */
        if (time && clock_parse_rfc3339(time->text, &begin) == 0 &&
            begin + window->period_s * 1000 <= window->due_ms)
            sum->n_due++;
        time = time ? xml_again(time) : NULL;
    }
    sum->complete = !strcmp(xml_text(result, "StatusCode"), "Complete");
}

static int take_page(struct aws_call *call, struct batch *b, const struct metric_window *window,
                     struct arena *a, struct err *e)
{
    const struct xml *root = xml_parse(buf_text(&call->answer), call->answer.len, a);
    const struct xml *answer = xml_child(root, "GetMetricDataResult"), *result;
    const char *token;

    b->done = true;
    if (call->failed) {
        *e = call->err;
        return -1;
    }
    if (!answer)
        return err_set(e, ERR_REFUSED, GET_METRIC_DATA ": the answer is not in AWS's form");
    result = xml_child(xml_child(answer, "MetricDataResults"), "member");
    for (; result; result = xml_again(result)) {
        const char *id = xml_text(result, "Id");
        size_t i = *id == 'q' ? strtoul(id + 1, NULL, 10) : b->n;
        if (i < b->n)
            take_values(&b->sums[i], window, result);
    }
    token = xml_text(answer, "NextToken");
    if (!*token)
        return 0;
    if (aws_pages_turn(&b->pages, GET_METRIC_DATA, b->token, token, e) < 0)
        return -1;
    b->done = false;
    b->token = token;
    return 0;
}

/* A batch that failed says nothing about its subdomains, whatever pages came before. */
static void forget(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->sums[i].complete = false;
}

/* All batches; one that is refused for a value of it becomes two. */
struct batches {
    struct arena *arena;
    struct batch *items;
    size_t len, cap;
};

static void add_batch(struct batches *all, struct metric_sum *sums, size_t n)
{
    all->items = arena_grow(all->arena, all->items, all->len, &all->cap, sizeof *all->items);
    all->items[all->len++] =
        (struct batch){.sums = sums, .n = n, .pages = aws_pages_begin(PAGES_MAX)};
}

static bool is_about_values(const char *code)
{
    return !strncmp(code, "InvalidParameter", 16) || !strcmp(code, "ValidationError") ||
           !strcmp(code, "ValidationException") || !strcmp(code, "MissingParameter");
}

/* Takes what came of the call for a batch. */
static int take_or_halve(struct aws_call *call, struct batches *all, size_t which,
                         const struct metric_window *window, struct err *e)
{
    struct batch *b = &all->items[which];
    size_t half = b->n / 2;

    if (call->failed && half > 0 && !b->token && is_about_values(call->code)) {
        struct metric_sum *sums = b->sums;
        size_t n = b->n;
        b->done = true;
        b->n = 0;
        add_batch(all, sums, half);
        add_batch(all, sums + half, n - half);
        return 0;
    }
    if (take_page(call, b, window, all->arena, e) == 0)
        return 0;
    forget(b);
    return -1;
}

/* The source's function; its context is the client. */
static int get_sums(void *context, const struct metric_window *window, struct metric_sum *sums,
                    size_t n, struct err *e)
{
    struct arena a = {0};
    struct batches all = {.arena = &a};
    struct aws_call calls[SIDE_BY];
    size_t of[SIDE_BY], some;
    struct err why;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        sums[i] = (struct metric_sum){.subdomain = sums[i].subdomain, .kind = sums[i].kind};
    for (size_t first = 0; first < n; first += CLOUDWATCH_QUERIES_A_CALL)
        add_batch(&all, sums + first,
                  n - first < CLOUDWATCH_QUERIES_A_CALL ? n - first : CLOUDWATCH_QUERIES_A_CALL);
    do {
        some = 0;
        for (size_t i = 0; i < all.len && some < SIDE_BY; i++)
            if (!all.items[i].done) {
                of[some] = i;
                calls[some++] = (struct aws_call){.service = AWS_CLOUDWATCH,
                                                  .operation = "GetMetricData",
                                                  .body = compose(&all.items[i], window, &a),
                                                  .repeatable = true,
                                                  .give_up_at = all.items[i].pages.give_up_at};
            }
        aws_perform(context, calls, some);
        for (size_t i = 0; i < some; i++)
            if (take_or_halve(&calls[i], &all, of[i], window, rc == 0 ? e : &why) < 0)
                rc = -1;
        aws_call_free(calls, some);
    } while (some > 0);
    arena_free(&a);
    return rc;
}

struct metric_source cloudwatch_source(struct aws_client *client)
{
    return client ? (struct metric_source){get_sums, client} : (struct metric_source){0};
}
