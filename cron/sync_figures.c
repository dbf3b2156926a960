#include "sync_figures.h"

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "store/store_figures.h"

#define PACE_MS 5000

static int look(const struct job *job, struct err *e)
{
    struct figures f;

    if (store_figures(job->db, clock_now_ms() / 60000, &f, e) < 0)
        return -1;
    metric_set(&metrics->environments[METRIC_READY], f.ready);
    metric_set(&metrics->environments[METRIC_STARTING], f.starting);
    metric_set(&metrics->environments[METRIC_ASLEEP], f.asleep);
    /* Of local tasks nothing is reported to anybody. */
    metric_set(&metrics->counts_unreported, job->config->local ? 0 : f.unreported);
    return 0;
}

void sync_figures(struct job *job)
{
    bool failing = false;
    struct err e;

    do {
        bool failed = look(job, &e) < 0;
        if (failed && !failing)
            log_error("listen.metrics: %s", e.text);
        failing = failed;
    } while (job_wait(job->db, job->stop, PACE_MS, NULL, NULL));
}
