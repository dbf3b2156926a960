#include "job.h"

#include <poll.h>
#include <sys/random.h>

#include "clock.h"

#define WATCH_MS       100
#define BACKOFF_MAX_MS 30000

static void *run(void *ctx)
{
    struct job *job = ctx;

    job->run(job);
    return NULL;
}

int job_start(struct job *job, struct err *e)
{
    int rc;

    if (db_open_state(&job->db, job->state_dir, e) < 0)
        return -1;
    rc = pthread_create(&job->thread, NULL, run, job);
    if (rc != 0)
        return err_system(e, rc, "cannot start the thread for %s", job->name);
    job->started = true;
    return 0;
}

void job_join(struct job *job)
{
    if (job->started)
        pthread_join(job->thread, NULL);
    db_close(job->db);
    job->started = false;
    job->db = NULL;
}

bool job_wait(struct db *db, int stop, int64_t ms, bool (*has_news)(struct db *db, void *ctx),
              void *ctx)
{
    struct pollfd p = {.fd = stop, .events = POLLIN};
    int64_t end = clock_monotonic_ms() + ms, left;

    while ((left = end - clock_monotonic_ms()) > 0) {
        if (poll(&p, 1, (int)(left < WATCH_MS ? left : WATCH_MS)) > 0)
            return false;
        if (has_news && has_news(db, ctx))
            return true;
    }
    return poll(&p, 1, 0) <= 0;
}

int64_t job_backoff_ms(int failures)
{
    int64_t limit = 1000LL << (failures < 6 ? failures - 1 : 5);
    uint16_t random = 0;

    if (limit > BACKOFF_MAX_MS)
        limit = BACKOFF_MAX_MS;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = 0;
    return limit / 2 + limit / 2 * random / 65536;
}
