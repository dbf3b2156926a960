#include "access_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#include "access_line.h"
#include "client_address.h"
#include "conn.h"
#include "upstream.h"
#include "worker.h"

#define RING_SIZE (1u << 18) /* bytes of lines that wait, a worker */
#define CLOSE_MS  1000
#define TELL_MS   60000 /* between two complaints */
#define IDLE_MS   1000

/* One thread writes behind `end`, the other reads behind `start`; both only grow. */
struct ring {
    _Atomic size_t start, end;
    char bytes[RING_SIZE];
};

struct access_log {
    const char *path; /* NULL: standard output */
    size_t (*format)(const struct access_line *l, char text[ACCESS_LINE_MAX]);
    int fd;
    int wake; /* eventfd */
    atomic_bool sleeps, ending, reopen;
    int64_t told_at; /* monotonic ms; 0: never */
    pthread_t thread;
    unsigned n;
    struct ring rings[];
};

/* What is known of a request when its head goes. The texts follow. */
struct access_note {
    char client[CLIENT_ADDRESS_SIZE];
    struct target task;                          /* len 0: none */
    size_t method, target, host, referer, agent; /* their lengths */
    bool has_host, has_referer, has_agent;
    char bytes[];
};

/* --- the thread that writes ------------------------------------------------------------------- */

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640);
}

static void complain(struct access_log *log, const char *what)
{
    const int64_t now = clock_monotonic_ms();

    if (log->told_at && now - log->told_at < TELL_MS)
        return;
    log->told_at = now;
    log_warn("log.access: cannot %s %s: %s; lines are lost, and counted", what,
             log->path ? log->path : "standard output", strerror(errno));
}

static void reopen(struct access_log *log)
{
    const int fd = open_file(log->path);

    if (fd < 0) {
        complain(log, "open");
        return;
    }
    close(log->fd);
    log->fd = fd;
}

/* Writes all of it, however long that takes. false when it cannot be written. */
static bool write_all(struct access_log *log, const char *bytes, size_t len)
{
    struct pollfd p = {.fd = log->fd, .events = POLLOUT};

    while (len > 0) {
        const ssize_t n = write(log->fd, bytes, len);
        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN)
            poll(&p, 1, IDLE_MS);
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* Writes what is in the ring, up to where it wraps. Returns how much. */
static size_t drain(struct access_log *log, struct ring *r)
{
    const size_t start = atomic_load_explicit(&r->start, memory_order_relaxed);
    const size_t end = atomic_load(&r->end);
    const size_t at = start % RING_SIZE;
    const size_t len = end - start < RING_SIZE - at ? end - start : RING_SIZE - at;

    if (len > 0 && !write_all(log, r->bytes + at, len))
        complain(log, "write to");
    atomic_store_explicit(&r->start, start + len, memory_order_release);
    return len;
}

static bool drain_all(struct access_log *log)
{
    size_t any = 0;

    for (unsigned i = 0; i < log->n; i++)
        any += drain(log, &log->rings[i]);
    return any > 0;
}

static void *write_lines(void *arg)
{
    struct access_log *log = arg;
    struct pollfd p = {.fd = log->wake, .events = POLLIN};
    uint64_t count;

    for (;;) {
        if (log->path && atomic_exchange(&log->reopen, false))
            reopen(log);
        if (drain_all(log))
            continue;
        if (atomic_load(&log->ending))
            return NULL;
        atomic_store(&log->sleeps, true);
        if (drain_all(log)) { /* it came before it could be known that this one sleeps */
            atomic_store(&log->sleeps, false);
            continue;
        }
        poll(&p, 1, IDLE_MS);
        atomic_store(&log->sleeps, false);
        if (p.revents && read(log->wake, &count, sizeof count) < 0 && errno != EAGAIN)
            log_error("eventfd: %s", strerror(errno));
    }
}

static void wake(struct access_log *log)
{
    const uint64_t one = 1;

    if (write(log->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_error("eventfd: %s", strerror(errno));
}

int access_log_open(struct access_log **made, const struct config *config, unsigned workers,
                    struct err *e)
{
    struct access_log *log;
    int error;

    *made = NULL;
    if (!strcmp(config->log.access, "off"))
        return 0;
    log = calloc(1, sizeof *log + workers * sizeof(struct ring));
    if (!log)
        return err_set(e, ERR_INTERNAL, "out of memory");
    signal(SIGPIPE, SIG_IGN); /* a reader of standard output may end */
    log->path = config->log.access_file;
    log->n = workers;
    log->format = !strcmp(config->log.access, "json") ? access_line_json : access_line_combined;
    log->fd = log->path ? open_file(log->path) : STDOUT_FILENO;
    log->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (log->fd < 0)
        err_set(e, ERR_INVALID, "log.access_file: cannot write %s: %s", log->path, strerror(errno));
    else if (log->wake < 0)
        err_system(e, errno, "cannot make an eventfd");
    else if ((error = pthread_create(&log->thread, NULL, write_lines, log)) != 0)
        err_system(e, error, "cannot start a thread");
    else {
        *made = log;
        return 0;
    }
    if (log->path && log->fd >= 0)
        close(log->fd);
    if (log->wake >= 0)
        close(log->wake);
    free(log);
    return -1;
}

void access_log_close(struct access_log *log)
{
    struct timespec end;

    if (!log)
        return;
    atomic_store(&log->ending, true);
    wake(log);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += CLOSE_MS / 1000;
    if (pthread_timedjoin_np(log->thread, NULL, &end) != 0)
        return; /* nobody reads: the end of the process ends it */
    if (log->path)
        close(log->fd);
    close(log->wake);
    free(log);
}

void access_log_reopen(struct access_log *log)
{
    if (!log || !log->path)
        return;
    atomic_store(&log->reopen, true);
    wake(log);
}

/* --- in a worker ------------------------------------------------------------------------------ */

static struct http_slice find(const char *head, const struct http_request *r, const char *name,
                              bool *found)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (http_name_is(head + f->name.at, f->name.len, name)) {
            *found = true;
            return f->value;
        }
    }
    *found = false;
    return (struct http_slice){0};
}

static size_t add(struct access_note *n, size_t *at, const char *head, struct http_slice s,
                  size_t max)
{
    const size_t len = s.len < max ? s.len : max;

    memcpy(n->bytes + *at, head + s.at, len);
    *at += len;
    return len;
}

void access_log_note(struct conn *c, const struct http_request *r)
{
    const struct config *config = c->worker->shared->config;
    const char *head = conn_head(c);
    bool has_referer, has_agent;
    struct http_slice referer, agent;
    struct access_note *n;
    size_t at = 0;

    if (!c->worker->shared->access_log || c->asked_us == 0)
        return;
    referer = find(head, r, "referer", &has_referer);
    agent = find(head, r, "user-agent", &has_agent);
    n = malloc(sizeof *n + r->method_text.len + r->target.len + r->host.len + referer.len +
               agent.len);
    free(c->note);
    c->note = n;
    if (!n)
        return;
    *n = (struct access_note){
        .has_host = r->host.len > 0, .has_referer = has_referer, .has_agent = has_agent};
    client_address(config, head, r, c->peer, c->peer_trusted, n->client);
    n->method = add(n, &at, head, r->method_text, ACCESS_METHOD_MAX);
    n->target = add(n, &at, head, r->target, ACCESS_TARGET_MAX);
    n->host = add(n, &at, head, r->host, ACCESS_HOST_MAX);
    n->referer = add(n, &at, head, referer, ACCESS_REFERER_MAX);
    n->agent = add(n, &at, head, agent, ACCESS_AGENT_MAX);
}

void access_log_note_task(struct conn *c)
{
    if (c->note && c->by == TALLY_TASK)
        c->note->task = c->upstream->target;
}

const char *access_log_by(const struct conn *c)
{
    static const char *const words[TALLY_BYS] = {"task", "web", "page", "proxy", "health"};

    return words[c->by];
}

static const char *task_text(const struct target *t, char text[CLIENT_ADDRESS_SIZE + 8])
{
    const bool v4 = t->address.any.sa_family == AF_INET;
    char address[CLIENT_ADDRESS_SIZE];

    *text = '\0';
    if (t->len == 0 || t->address.any.sa_family == AF_UNIX)
        return text;
    if (inet_ntop(t->address.any.sa_family,
                  v4 ? (const void *)&t->address.v4.sin_addr
                     : (const void *)&t->address.v6.sin6_addr,
                  address, sizeof address))
        snprintf(text, CLIENT_ADDRESS_SIZE + 8, v4 ? "%s:%d" : "[%s]:%d", address,
                 ntohs(v4 ? t->address.v4.sin_port : t->address.v6.sin6_port));
    return text;
}

static bool push(struct ring *r, const char *text, size_t len)
{
    const size_t start = atomic_load_explicit(&r->start, memory_order_acquire);
    const size_t end = atomic_load_explicit(&r->end, memory_order_relaxed);
    const size_t at = end % RING_SIZE, first = len < RING_SIZE - at ? len : RING_SIZE - at;

    if (len > RING_SIZE - (end - start))
        return false;
    memcpy(r->bytes + at, text, first);
    memcpy(r->bytes, text + first, len - first);
    atomic_store(&r->end, end + len);
    return true;
}

static void fill(struct access_line *l, const struct access_note *n)
{
    const char *p = n->bytes;

    l->client = n->client;
    l->method = (struct access_text){p, n->method};
    p += n->method;
    l->target = (struct access_text){p, n->target};
    p += n->target;
    l->host = (struct access_text){n->has_host ? p : NULL, n->host};
    p += n->host;
    l->referer = (struct access_text){n->has_referer ? p : NULL, n->referer};
    p += n->referer;
    l->agent = (struct access_text){n->has_agent ? p : NULL, n->agent};
}

void access_log_add(struct conn *c, int64_t us, uint64_t bytes)
{
    struct worker *w = c->worker;
    struct access_log *log = w->shared->access_log;
    char text[ACCESS_LINE_MAX], task[CLIENT_ADDRESS_SIZE + 8] = "";
    struct access_line l = {.at_ms = clock_now_ms(),
                            .client = c->peer,
                            .minor = c->minor,
                            .status = c->status,
                            .bytes = bytes,
                            .us = us,
                            .by = access_log_by(c),
                            .environment = c->subdomain};

    if (!log)
        return;
    if (c->note) {
        fill(&l, c->note);
        task_text(&c->note->task, task);
    }
    l.task = task;
    if (push(&log->rings[w->tally - w->shared->tallies], text, log->format(&l, text)))
        tally_add(&w->tally->lines, 1);
    else
        tally_add(&w->tally->lines_lost, 1);
    if (atomic_load(&log->sleeps) && atomic_exchange(&log->sleeps, false))
        wake(log);
    free(c->note);
    c->note = NULL;
}
