/* /api/access: how many requests a subdomain had lately, and how many were ignored (use.ignore). On
 * ECS this is what CloudWatch has from all machines, and what this one has not reported yet. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "access_counts.h"
#include "aws/cloudwatch.h"
#include "clock.h"
#include "store/store_access.h"

#include "router.h"

enum { DEFAULT_DURATION = 86400, DURATION_DIGITS = 12 };

/* Seconds. What is no positive number means the default, as clients of old expect. */
static int64_t read_duration(const char *text)
{
    size_t len = text ? strspn(text, "0123456789") : 0;
    int64_t duration;

    if (len == 0 || len > DURATION_DIGITS || text[len])
        return DEFAULT_DURATION;
    duration = strtoll(text, NULL, 10);
    return duration > 0 ? duration : DEFAULT_DURATION;
}

/* On ECS, from all machines. */
static int count_all(struct call *c, const struct metric_source *source, const char *subdomain,
                     int64_t duration, int64_t *sum, int64_t *ignored, struct err *e)
{
    struct purge_count count = {.subdomain = subdomain};
    int64_t now = clock_now_ms();

    if (access_counts(source, c->with->db, now, duration, &count, 1, c->arena, e) < 0)
        return -1;
    *sum = count.accesses;
    return access_ignored(source, c->with->db, now, duration, subdomain, ignored, e);
}

static int count_here(struct call *c, const char *subdomain, int64_t duration, int64_t *sum,
                      int64_t *ignored, struct err *e)
{
    int64_t since = clock_now_ms() - duration * 1000;

    *sum = store_access_sum(c->with->db, subdomain, since, e);
    if (*sum < 0)
        return -1;
    *ignored = store_access_sum_of(c->with->db, ACCESS_IGNORED, subdomain, since, e);
    return *ignored < 0 ? -1 : 0;
}

int api_access(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const struct metric_source source = cloudwatch_source(c->with->aws);
    const char *subdomain;
    const char *text;
    int64_t duration;
    int64_t sum;
    int64_t ignored;

    if (params_need_subdomain(params, c->arena, &subdomain, e) < 0 ||
        params_text(params, "duration", &text, e) < 0)
        return -1;
    duration = read_duration(text);
    if ((source.sums ? count_all(c, &source, subdomain, duration, &sum, &ignored, e)
                     : count_here(c, subdomain, duration, &sum, &ignored, e)) < 0)
        return -1;
    respond_json(c->response, 200,
                 json_pack("{s:s,s:I,s:I,s:I}", "result", "ok", "duration", (json_int_t)duration,
                           "sum", (json_int_t)sum, "ignored", (json_int_t)ignored));
    return 0;
}
