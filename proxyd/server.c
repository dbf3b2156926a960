#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "signals.h"
#include "store/store_route.h"

#include "access_log.h"
#include "confine.h"
#include "count.h"
#include "health.h"
#include "listener.h"
#include "route.h"
#include "visitor.h"
#include "worker.h"

#define LOOK_MS          10 /* how often the database is asked for a change: who launched asks next */
#define COUNT_MS         1000 /* how often counts are written */
#define DRAIN_MS         30000
#define MAIN_NICE        5  /* of the main thread alone */
#define DESCRIPTORS_KEPT 64 /* for the database, the log, the listeners */

struct server {
    const struct server_setup *setup;
    const struct config *config;
    struct db *db;
    struct shared shared;
    struct listener *listeners;
    struct worker **workers;
    unsigned n_workers;
    struct own_ports *own;
    struct count_table *counts;
    struct route_snapshot *routes;
    struct route_snapshot *previous; /* for up to COUNT_MS: so that no worker is the last to have
                                        it, and has to free it amid its requests */
    int64_t data_version, route_version;
    int64_t count_at; /* when counts are to be written next, monotonic ms */
    bool failing;     /* the database could not be read or written, and that was said */
    int signals;
    int pid_file; /* opened while it still may be; -1 once it is written */
};

/* --- routes ----------------------------------------------------------------------------------- */

/* Says a failure once, not a hundred times a second. */
static void complain(struct server *s, const struct err *e)
{
    if (!s->failing)
        log_error("%s; the routes stay as they are", e->text);
    s->failing = true;
}

/* Loads the routes of this version, and hands them out. */
static int load_routes(struct server *s, int64_t version, struct err *e)
{
    int64_t begun = clock_monotonic_ms(), ms;
    struct route_snapshot *routes;

    if (route_load(&routes, s->db, s->config, s->own, s->counts, e) < 0)
        return -1;
    route_unref(s->previous);
    s->previous = s->routes;
    s->routes = routes;
    s->route_version = version;
    worker_give_routes(s->workers, s->n_workers, routes);
    ms = clock_monotonic_ms() - begun;
    atomic_fetch_add(&s->shared.n_reloads, 1);
    atomic_store(&s->shared.reload_ms, (unsigned)ms);
    log_debug("%zu environments are routed, read in %lld ms", route_count(routes), (long long)ms);
    return 0;
}

/* Looks at all of one moment: the routes, if they have changed, and only then whether it is
 * healthy, for that is said of them. */
static int reload(struct server *s, struct err *e)
{
    int64_t version;
    int rc = -1;

    if (db_begin_read(s->db, e) < 0)
        return -1;
    version = store_route_version(s->db, e);
    if (version >= 0 && (version == s->route_version || load_routes(s, version, e) == 0))
        rc = health_look(&s->shared, s->db, e);
    db_rollback(s->db);
    return rc;
}

static void look_at_database(struct server *s)
{
    struct err e;
    int64_t version = db_data_version(s->db, &e);

    if (version >= 0 && version == s->data_version)
        return;
    if (version < 0 || reload(s, &e) < 0) {
        complain(s, &e);
        return;
    }
    s->data_version = version;
    s->failing = false;
}

static void write_wanted(struct server *s)
{
    struct err e;

    if (wanted_write(&s->shared.wanted, s->db, &e) < 0)
        complain(s, &e);
}

static void write_counts(struct server *s)
{
    int64_t begun = clock_monotonic_ms();
    struct err e;

    route_unref(s->previous);
    s->previous = NULL;
    if (count_write(s->counts, s->db, clock_now_ms(), &e) < 0)
        complain(s, &e);
    s->count_at = begun + COUNT_MS;
}

/* --- start ------------------------------------------------------------------------------------ */

/* Raises the limit to what is allowed; returns how many clients a worker may have: every client may
 * need a second descriptor for its task. */
static size_t conns_per_worker(unsigned workers)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 256;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > 1000000)
        limit.rlim_cur = 1000000;
    if (limit.rlim_cur < 2 * DESCRIPTORS_KEPT)
        return 16;
    return (limit.rlim_cur - DESCRIPTORS_KEPT) / 2 / workers;
}

static unsigned workers_wanted(const struct config *config)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->network.workers > 0)
        return (unsigned)config->network.workers;
    return cpus > 0 ? (unsigned)cpus : 1;
}

static const char *pid_path(const struct server *s, struct arena *a)
{
    return arena_printf(a, "%s/run/proxyd.pid", s->setup->state);
}

/* Opens the pid file, empty. Who waits for the process's id in it may see it empty first. */
static int open_pid_file(struct server *s, struct err *e)
{
    struct arena a = {0};
    const char *folder = arena_printf(&a, "%s/run", s->setup->state), *path = pid_path(s, &a);

    if (mkdir(folder, 0700) < 0 && errno != EEXIST) /* mirage-ecs has made it already */
        log_warn("cannot make %s: %s", folder, strerror(errno));
    s->pid_file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->pid_file < 0)
        err_system(e, errno, "cannot write %s", path);
    arena_free(&a);
    return s->pid_file < 0 ? -1 : 0;
}

static int write_pid(struct server *s, struct err *e)
{
    int rc = dprintf(s->pid_file, "%d\n", (int)getpid()) < 0
                 ? err_system(e, errno, "cannot write run/proxyd.pid")
                 : 0;

    close(s->pid_file);
    s->pid_file = -1;
    return rc;
}

static int start(struct server *s, struct err *e)
{
    unsigned n = workers_wanted(s->config);
    size_t conns_max = conns_per_worker(n);

    s->signals = signals_watch(
        (const int[]){SIGTERM, SIGINT, SIGHUP, 0}); /* before the threads, which inherit the mask */
    s->shared.n_listeners = listener_count(s->config);
    s->shared.tallied = s->config->listen.metrics || strcmp(s->config->log.access, "off") != 0;
    s->shared.tallies = aligned_alloc(sizeof(struct tally), n * sizeof(struct tally));
    if (s->shared.tallies)
        memset(s->shared.tallies, 0, n * sizeof(struct tally));
    s->shared.n_tallies = n;
    s->listeners = calloc(s->shared.n_listeners, sizeof *s->listeners);
    s->workers = calloc(n, sizeof(struct worker *));
    s->counts = count_table_new(n);
    s->shared.counts = s->counts;
    s->own = own_ports_find(s->config);
    if (!s->listeners || !s->workers || !s->counts || !s->own || !s->shared.tallies)
        return err_set(e, ERR_INTERNAL, "out of memory");
    if (visitor_rules_new(&s->shared.visitors, s->config, e) < 0)
        return -1;
    s->data_version = db_data_version(s->db, e);
    if (s->data_version < 0 || reload(s, e) < 0)
        return -1;
    if (listener_open_all(s->listeners, s->config, e) < 0) {
        free(s->listeners);
        s->listeners = NULL;
        return -1;
    }
    s->shared.listeners = s->listeners;
    if (open_pid_file(s, e) < 0)
        return -1;
    if (s->setup->confined)
        confine(s->setup->state, s->config->log.access_file);
    if (access_log_open(&s->shared.access_log, s->config, n, e) < 0)
        return -1;
    for (; s->n_workers < n; s->n_workers++) {
        s->workers[s->n_workers] =
            worker_start(&s->shared, count_worker(s->counts, s->n_workers),
                         &s->shared.tallies[s->n_workers], s->routes, conns_max, e);
        if (!s->workers[s->n_workers])
            return -1;
    }
    if (write_pid(s, e) < 0)
        return -1;
    /* From here on this thread only reads routes and writes counts: requests go first. */
    setpriority(PRIO_PROCESS, 0, MAIN_NICE);
    return 0;
}

/* --- end -------------------------------------------------------------------------------------- */

/* Waits until all workers have ended, and writes counts meanwhile. false: not in time. */
static bool join_workers(struct server *s, int64_t end)
{
    unsigned joined = 0;

    while (joined < s->n_workers && clock_monotonic_ms() < end) {
        if (pthread_tryjoin_np(worker_thread(s->workers[joined]), NULL) == 0)
            joined++;
        else
            poll(NULL, 0, 5);
        if (clock_monotonic_ms() >= s->count_at)
            write_counts(s);
    }
    write_counts(s);
    return joined == s->n_workers;
}

/* Lets the workers finish. After DRAIN_MS the process ends with what is left. */
static void drain(struct server *s)
{
    int64_t end = clock_monotonic_ms() + DRAIN_MS;

    atomic_store(&s->shared.draining, true);
    for (unsigned i = 0; i < s->n_workers; i++)
        worker_wake(s->workers[i]);
    while (atomic_load(&s->shared.n_draining) < s->n_workers && clock_monotonic_ms() < end)
        poll(NULL, 0, 1);
    listener_close_all(s->listeners, s->shared.n_listeners);
    if (!join_workers(s, end)) {
        log_warn("ending with requests in flight, %d s after the signal", DRAIN_MS / 1000);
        _exit(0);
    }
}

static void free_all(struct server *s)
{
    for (unsigned i = 0; i < s->n_workers; i++)
        worker_free(s->workers[i]);
    free(s->workers);
    if (s->listeners)
        listener_close_all(s->listeners, s->shared.n_listeners);
    free(s->listeners);
    route_unref(s->previous);
    route_unref(s->routes);
    count_table_free(s->counts);
    own_ports_free(s->own);
    visitor_rules_free(s->shared.visitors);
    access_log_close(s->shared.access_log);
    free(s->shared.tallies);
    if (s->signals >= 0)
        close(s->signals);
    if (s->pid_file >= 0)
        close(s->pid_file);
}

/* Waits for a moment, and takes signals. false: it is told to end. */
static bool goes_on(struct server *s)
{
    struct pollfd p = {.fd = s->signals, .events = POLLIN};
    int number;

    poll(&p, 1, LOOK_MS);
    while ((number = signals_next(s->signals)) != 0) {
        if (number != SIGHUP)
            return false;
        access_log_reopen(s->shared.access_log);
    }
    return true;
}

int server_run(const struct server_setup *setup, struct err *e)
{
    struct server s = {
        .setup = setup,
        .config = setup->config,
        .db = setup->db,
        .shared = {.config = setup->config, .web = setup->web, .wanted = WANTED_INIT},
        .route_version = -1,
        .count_at = clock_monotonic_ms() + COUNT_MS,
        .signals = -1,
        .pid_file = -1};
    struct arena a = {0};
    int rc;

    metrics_join(setup->state); /* while files can be opened */
    rc = start(&s, e);
    if (rc == 0) {
        log_info("listening on %s port %ld", setup->config->listen.foreign_address,
                 setup->config->listen.http[0].listen);
        while (goes_on(&s)) {
            look_at_database(&s);
            write_wanted(&s);
            if (clock_monotonic_ms() >= s.count_at)
                write_counts(&s);
        }
    }
    if (s.n_workers > 0)
        drain(&s);
    unlink(pid_path(&s, &a));
    free_all(&s);
    arena_free(&a);
    return rc;
}
