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

bool runner_keeps(const struct runner *r)
{
    return r->ops->keep;
}

int runner_keep(struct runner *r, const struct asleep *asleep, struct err *e)
{
    return r->ops->keep ? r->ops->keep(r, asleep, e) : 0;
}

int runner_kept_list(struct runner *r, struct arena *a, struct runner_kept_list *list,
                     struct err *e)
{
    *list = (struct runner_kept_list){0};
    return r->ops->keep ? r->ops->kept_list(r, a, list, e) : 0;
}

int runner_kept_get(struct runner *r, const char *subdomain, struct arena *a, struct asleep *asleep,
                    struct err *e)
{
    return r->ops->keep ? r->ops->kept_get(r, subdomain, a, asleep, e) : 0;
}

int runner_forget(struct runner *r, const char *subdomain, const char *launch, struct err *e)
{
    return r->ops->keep ? r->ops->forget(r, subdomain, launch, e) : 0;
}
