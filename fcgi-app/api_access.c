/* /api/access: how many requests a subdomain had lately. On ECS this is what CloudWatch has from
 * all machines, and what this one has not reported yet. */
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

int api_access(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    const struct metric_source source = cloudwatch_source(c->with->aws);
    const char *subdomain;
    const char *text;
    int64_t duration;
    int64_t sum;

    if (params_subdomain(params, c->arena, &subdomain, e) < 0 ||
        params_text(params, "duration", &text, e) < 0)
        return -1;
    if (!subdomain)
        return err_set(e, ERR_INVALID, "parameter required: subdomain");
    duration = read_duration(text);
    if (source.sums) {
        struct purge_count count = {.subdomain = subdomain};
        if (access_counts(&source, c->with->db, clock_now_ms(), duration, &count, 1, c->arena, e) <
            0)
            return -1;
        sum = count.accesses;
    } else
        sum = store_access_sum(c->with->db, subdomain, clock_now_ms() - duration * 1000, e);
    if (sum < 0)
        return -1;
    respond_json(c->response, 200,
                 json_pack("{s:s,s:I,s:I}", "result", "ok", "duration", (json_int_t)duration, "sum",
                           (json_int_t)sum));
    return 0;
}
