/* mirage-sync: keeps the database's view of the tasks as the runner says it is. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "aws/self_config.h"
#include "clock.h"
#include "log.h"
#include "options.h"
#include "purge.h"
#include "signals.h"
#include "store_purge.h"
#include "store_route.h"
#include "store_sync.h"
#include "sync.h"

#define WATCH_MS       100   /* how often the database is looked at for a launch or a stop */
#define BACKOFF_MAX_MS 30000 /* between attempts that fail */

/* One pass. *starting as sync_probe() says. */
static int pass(struct db *db, struct runner *r, const struct config *config, bool *starting,
                struct err *e)
{
    if (sync_view(db, r, e) < 0)
        return -1;
    return sync_probe(db, config, starting, e);
}

/* Carries out the purges that were asked for. Their failures are written down with them. */
static void run_purges(struct db *db, struct runner *r)
{
    struct err e;
    int rc;

    while ((rc = purge_run_next(db, r, &e)) > 0)
        ;
    if (rc < 0)
        log_error("%s", e.text);
}

/* Logs a failure and leaves it in the database for the page. */
static void record_failure(struct db *db, const struct err *why)
{
    struct err e;

    log_error("sync failed: %s", why->text);
    if (store_sync_failed(db, clock_now_ms(), why->text, &e) < 0)
        log_error("%s", e.text);
}

/* Doubles with every failure, up to the limit; half of it is chance, so that replicas part. */
static int64_t backoff_ms(int failures)
{
    int64_t limit = 1000LL << (failures < 6 ? failures - 1 : 5);
    uint16_t random = 0;

    if (limit > BACKOFF_MAX_MS)
        limit = BACKOFF_MAX_MS;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = 0;
    return limit / 2 + limit / 2 * random / 65536;
}

/* Waits until it is time, or (watched) the database was changed by somebody else. Returns false
 * when a signal asks to end. */
static bool wait_for_next(struct db *db, int signals, int64_t ms, bool watched)
{
    struct pollfd p = {.fd = signals, .events = POLLIN};
    int64_t end = clock_monotonic_ms() + ms, left;
    struct err e;
    int64_t before = store_route_version(db, &e);

    while ((left = end - clock_monotonic_ms()) > 0) {
        if (poll(&p, 1, (int)(left < WATCH_MS ? left : WATCH_MS)) > 0)
            return false;
        if (watched && (store_route_version(db, &e) != before || store_purge_open(db, &e) > 0))
            return true;
    }
    return poll(&p, 1, 0) <= 0;
}

static void run(struct db *db, struct runner *r, const struct config *config)
{
    struct runner_pace pace = runner_pace(r);
    int signals = signals_watch((const int[]){SIGTERM, SIGINT, 0}), failures = 0;
    bool starting = false;
    int64_t ms;

    do {
        struct err e = {0};
        if (pass(db, r, config, &starting, &e) < 0) {
            record_failure(db, &e);
            ms = backoff_ms(++failures);
        } else {
            if (failures > 0)
                log_info("sync works again");
            failures = 0;
            run_purges(db, r);
            ms = starting ? pace.starting_ms : pace.idle_ms;
        }
    } while (wait_for_next(db, signals, ms, failures == 0));
    close(signals);
}

int main(int argc, char **argv)
{
    struct program program = {
        .name = "mirage-sync",
        .summary = "Keeps the database's view of the tasks as what runs them says it is.",
        .source = &self_config_source,
    };
    struct err e = {0};
    struct db *db = NULL;
    struct runner *r = NULL;
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    status = 1;
    if (db_open_state(&db, program.options.state, &e) < 0 ||
        runner_open(&r, program.config, program.options.state, &e) < 0) {
        log_error("%s", e.text);
        goto out;
    }
    run(db, r, program.config);
    status = 0;
out:
    runner_close(r);
    db_close(db);
    program_end(&program);
    return status;
}
