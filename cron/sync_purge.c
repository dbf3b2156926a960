#include "sync_purge.h"

#include "log.h"
#include "purge.h"
#include "runner.h"
#include "store_purge.h"

#define LOOK_MS 60000

static bool has_news(struct db *db, void *ctx)
{
    struct err e;

    (void)ctx;
    return store_purge_open(db, &e) > 0;
}

void sync_purge(struct job *job)
{
    struct runner *r;
    struct err e;
    int rc;

    if (runner_open(&r, job->config, job->state_dir, &e) < 0) {
        log_error("purge: %s", e.text);
        return;
    }
    do {
        while ((rc = purge_run_next(job->db, r, &e)) > 0)
            ;
        if (rc < 0)
            log_error("%s", e.text);
    } while (job_wait(job->db, job->stop, LOOK_MS, rc < 0 ? NULL : has_news, NULL));
    runner_close(r);
}
