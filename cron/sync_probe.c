#include "sync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "store/store_task.h"
#include "task_address.h"

#define PROBE_TIMEOUT_MS 1000
#define PROBES_MAX       256             /* at once */
#define STARTING_MS      (5 * 60 * 1000) /* a task older than this is no longer waited for */

struct probe {
    const char *arn;
    const struct task_port *port;
    bool accepted;
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

static struct probe *choose(const struct config *config, const struct task_list *tasks,
                            struct arena *a, size_t *n)
{
    struct probe *probes = NULL;
    size_t cap = 0;

    *n = 0;
    for (size_t i = 0; i < tasks->len; i++) {
        const struct task *t = &tasks->items[i];
        for (size_t k = 0; k < t->n_ports && !strcmp(t->last_status, "RUNNING"); k++) {
            if (t->ports[k].ready || !*t->ports[k].address)
                continue;
            probes = arena_grow(a, probes, *n, &cap, sizeof *probes);
            probes[(*n)++] =
                (struct probe){.arn = t->arn,
                               .port = &t->ports[k],
                               /* nobody waits for a port that gets no requests */
                               .accepted = !config_has_target(config, t->ports[k].container_port)};
        }
    }
    return probes;
}

static int record(struct db *db, const struct probe *probes, size_t n, struct err *e)
{
    bool any = false;
    int rc;

    for (size_t i = 0; i < n; i++)
        any = any || probes[i].accepted;
    if (!any)
        return 0;
    rc = db_begin(db, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (probes[i].accepted)
            rc = store_task_port_ready(db, probes[i].arn, probes[i].port, e);
    if (rc == 0)
        rc = db_commit(db, e);
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
            if (!probes[k].accepted && !strcmp(probes[k].arn, t->arn))
                return true;
    }
    return false;
}

int sync_probe(struct db *db, const struct config *config, bool *starting, struct err *e)
{
    struct arena a = {0};
    struct task_list tasks;
    struct probe *probes;
    size_t n, some;
    int rc = store_task_list(db, TASK_RUNNING, &a, &tasks, e);

    *starting = false;
    if (rc < 0)
        goto out;
    probes = choose(config, &tasks, &a, &n);
    for (size_t i = 0; i < n; i += some) {
        some = n - i < PROBES_MAX ? n - i : PROBES_MAX;
        run_probes(probes + i, some);
    }
    *starting = is_starting(&tasks, probes, n);
    rc = record(db, probes, n, e);
out:
    arena_free(&a);
    return rc;
}
