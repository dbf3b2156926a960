#include "runner.h"

void runner_close(struct runner *r)
{
    if (r)
        r->ops->close(r);
}

void runner_limit(struct runner *r, const struct limit *limit)
{
    r->limit = limit;
    if (r->ops->limit)
        r->ops->limit(r);
}

int runner_prepare(struct runner *r, const struct launch_request *request, struct arena *a,
                   struct launch_plan *plan, struct err *e)
{
    *plan = (struct launch_plan){0};
    return r->ops->prepare ? r->ops->prepare(r, request, a, plan, e) : 0;
}

int runner_launch(struct runner *r, const struct launch_request *request,
                  const struct launch_plan *plan, struct arena *a, struct launch_result *results,
                  struct err *e)
{
    return r->ops->launch(r, request, plan, a, results, e);
}

int runner_list(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                struct arena *a, struct task_list *tasks, struct err *e)
{
    return r->ops->list(r, now, known, n_known, a, tasks, e);
}

int runner_stop(struct runner *r, const char *arn, const char *reason, struct err *e)
{
    return r->ops->stop(r, arn, reason, e);
}

int runner_logs(struct runner *r, const struct task_list *tasks, const struct log_query *query,
                struct arena *a, struct log_lines *lines, struct err *e)
{
    return r->ops->logs(r, tasks, query, a, lines, e);
}

int runner_trace(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                 struct err *e)
{
    return r->ops->trace(r, arn, a, trace, e);
}
