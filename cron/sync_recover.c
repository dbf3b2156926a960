#include "sync_recover.h"

#include "clock.h"
#include "log.h"
#include "recover.h"
#include "store/store_environment.h"

#define LOOK_MS 1000

/* Each environment that is due. One that cannot be launched does not keep the others waiting; the
 * rule says when it is tried again. */
static void look(struct job *job, struct runner *r)
{
    struct environment *environments;
    struct arena a = {0};
    int64_t now = clock_now_ms();
    struct err e;
    size_t n;

    if (store_environment_list(job->db, &a, &environments, &n, &e) < 0) {
        log_error("recover: %s", e.text);
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const struct environment *env = &environments[i];
        if (env->recover_at && env->recover_at <= now &&
            recover_environment(job->db, r, job->config, env->subdomain, &e) < 0)
            log_error("%s: cannot be launched again: %s", env->subdomain, e.text);
    }
    arena_free(&a);
}

void sync_recover(struct job *job)
{
    struct runner *r;
    struct err e;

    if (runner_open(&r, job->config, job->state_dir, &e) < 0) {
        log_error("recover: %s", e.text);
        return;
    }
    do
        look(job, r);
    while (job_wait(job->db, job->stop, LOOK_MS, NULL, NULL));
    runner_close(r);
}
