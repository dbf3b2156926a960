#include "sync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "pattern.h"
#include "store/store_task.h"
#include "task_address.h"

#include "sync_health.h"

#define PROBE_TIMEOUT_MS 1000
#define PROBES_MAX       256             /* at once */
#define STARTING_MS      (5 * 60 * 1000) /* a task older than this is no longer waited for */

struct probe {
    const struct task *task;
    const struct task_port *port;
    bool wanted; /* it gets requests: nobody waits for one that gets none */
    bool accepted, answered;
};

/* Begins to connect. The descriptor, or -1 with *accepted when it connected at once. */
static int begin_connect(const struct task_port *port, bool *accepted)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port->port)};
    bool is_v4 = inet_pton(AF_INET, port->address, &v4.sin_addr) == 1;
    const struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    int fd;

    *accepted = false;
    if (!task_address_is_allowed(port->address))
        return -1;
    if (!is_v4 && inet_pton(AF_INET6, port->address, &v6.sin6_addr) != 1)
        return -1;
    fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, address, is_v4 ? sizeof v4 : sizeof v6) == 0)
        *accepted = true;
    else if (errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static bool connected(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

/* Tries up to PROBES_MAX ports at once. */
static void run_probes(struct probe *probes, size_t n)
{
    struct pollfd fds[PROBES_MAX];
    int64_t end = clock_monotonic_ms() + PROBE_TIMEOUT_MS, left;
    size_t waiting = 0;

    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = -1, .events = POLLOUT};
        if (!probes[i].accepted)
            fds[i].fd = begin_connect(probes[i].port, &probes[i].accepted);
        waiting += fds[i].fd >= 0;
    }
    while (waiting > 0 && (left = end - clock_monotonic_ms()) > 0) {
        poll(fds, n, (int)left);
        for (size_t i = 0; i < n; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            probes[i].accepted = connected(fds[i].fd);
            close(fds[i].fd);
            fds[i].fd = -1;
            waiting--;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
}

/* Those that are not ready or do not answer yet; `again`: also those that did. */
static struct probe *choose(const struct config *config, const struct task_list *tasks, bool again,
                            struct arena *a, size_t *n)
{
    struct probe *probes = NULL;
    size_t cap = 0;

    *n = 0;
    for (size_t i = 0; i < tasks->len; i++) {
        const struct task *t = &tasks->items[i];
        for (size_t k = 0; k < t->n_ports && !strcmp(t->last_status, "RUNNING"); k++) {
            const struct task_port *p = &t->ports[k];
            bool wanted = config_has_target(config, p->container_port);
            if (!*p->address || (p->ready && p->answers && !(again && wanted)))
                continue;
            probes = arena_grow(a, probes, *n, &cap, sizeof *probes);
            probes[(*n)++] = (struct probe){
                .task = t, .port = p, .wanted = wanted, .accepted = !wanted, .answered = !wanted};
        }
    }
    return probes;
}

/* Asks those that accept for launch.health, where it was not answered before. */
static void ask_for_health(const struct config *config, struct probe *probes, size_t n,
                           struct arena *a)
{
    struct health_check *checks = arena_array(a, n, sizeof *checks);
    size_t *of = arena_array(a, n, sizeof *of), len = 0;

    for (size_t i = 0; i < n; i++) {
        const struct probe *p = &probes[i];
        if (!config->launch.health.path || !p->accepted || !p->wanted || p->port->answers)
            continue;
        of[len] = i;
        checks[len++] =
            (struct health_check){.port = p->port,
                                  .host = pattern_has_meta(p->task->subdomain)
                                              ? NULL
                                              : arena_printf(a, "%s%s", p->task->subdomain,
                                                             config->host.reverse_proxy_suffix)};
    }
    for (size_t i = 0; i < n; i++)
        probes[i].answered = probes[i].accepted;
    if (len > 0)
        sync_health_ask(checks, len, config->launch.health.path, config->launch.health.timeout_ms);
    for (size_t k = 0; k < len; k++)
        probes[of[k]].answered = checks[k].answered;
}

/* What is known of the port now. */
static struct task_port seen(const struct probe *p, int64_t now)
{
    struct task_port port = *p->port;

    port.ready = port.ready || p->accepted;
    port.answers = port.answers || p->answered;
    if (p->accepted)
        port.silent_since = 0;
    else if (p->port->ready && !port.silent_since)
        port.silent_since = now;
    return port;
}

static int record(struct db *db, const struct probe *probes, size_t n, struct err *e)
{
    int64_t now = clock_now_ms();
    bool begun = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct task_port *old = probes[i].port;
        struct task_port port = seen(&probes[i], now);
        if (port.ready == old->ready && port.answers == old->answers &&
            port.silent_since == old->silent_since)
            continue;
        if (!begun)
            rc = db_begin(db, e);
        begun = true;
        if (rc == 0)
            rc = store_task_port_seen(db, probes[i].task->arn, &port, e);
    }
    if (begun && rc == 0)
        rc = db_commit(db, e);
    if (begun)
        db_rollback(db);
    return rc;
}

static bool is_starting(const struct task_list *tasks, const struct probe *probes, size_t n)
{
    int64_t recent = clock_now_ms() - STARTING_MS;

    for (size_t i = 0; i < tasks->len; i++) {
        const struct task *t = &tasks->items[i];
        if (t->created_at < recent)
            continue;
        if (strcmp(t->last_status, "RUNNING") != 0)
            return true;
        for (size_t k = 0; k < n; k++)
            if (probes[k].task == t && !(probes[k].accepted && probes[k].answered))
                return true;
    }
    return false;
}

int sync_probe(struct db *db, const struct config *config, bool again, bool *starting,
               struct err *e)
{
    struct arena a = {0};
    struct task_list tasks;
    struct probe *probes;
    size_t n, some;
    int rc = store_task_list(db, TASK_RUNNING, &a, &tasks, e);

    *starting = false;
    if (rc < 0)
        goto out;
    probes = choose(config, &tasks, again, &a, &n);
    for (size_t i = 0; i < n; i += some) {
        some = n - i < PROBES_MAX ? n - i : PROBES_MAX;
        run_probes(probes + i, some);
        ask_for_health(config, probes + i, some, &a);
    }
    *starting = is_starting(&tasks, probes, n);
    rc = record(db, probes, n, e);
out:
    arena_free(&a);
    return rc;
}
