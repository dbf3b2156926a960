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

#define RING_SIZE (1u << 21)      /* bytes of lines that wait, a worker */
#define RING_FULL (RING_SIZE / 2) /* then they are written at once */
#define TASK_TEXT (CLIENT_ADDRESS_SIZE + 8)
#define GATHER_MS 50
#define CLOSE_MS  1000
#define TELL_MS   60000 /* between two complaints */
#define IDLE_MS   1000

/* One thread writes behind `end`, the other reads behind `start`; both only grow. */
struct ring {
    _Atomic size_t start, end;
    char bytes[RING_SIZE], beside[ACCESS_LINE_MAX];
};

struct access_log {
    const char *path; /* NULL: standard output */
    size_t (*format)(const struct access_line *l, char text[ACCESS_LINE_MAX]);
    int fd;
    int wake; /* eventfd */
    atomic_bool sleeps, ending, reopen;
    _Atomic uint64_t lost; /* lines that could not be written */
    int64_t told_at;       /* monotonic ms; 0: never */
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

static uint64_t count_lines(const char *bytes, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += bytes[i] == '\n';
    return n;
}

/* Writes what is in the ring, whole lines. Returns how much. */
static size_t drain(struct access_log *log, struct ring *r)
{
    const size_t start = atomic_load_explicit(&r->start, memory_order_relaxed);
    const size_t end = atomic_load(&r->end), at = start % RING_SIZE, len = end - start;
    const size_t first = len < RING_SIZE - at ? len : RING_SIZE - at;

    if (len == 0)
        return 0;
    if (!write_all(log, r->bytes + at, first) || !write_all(log, r->bytes, len - first)) {
        complain(log, "write to");
        atomic_fetch_add(&log->lost,
                         count_lines(r->bytes + at, first) + count_lines(r->bytes, len - first));
    }
    atomic_store_explicit(&r->start, end, memory_order_release);
    return len;
}

static bool drain_all(struct access_log *log)
{
    size_t any = 0;

    for (unsigned i = 0; i < log->n; i++)
        any += drain(log, &log->rings[i]);
    return any > 0;
}

static void wake(struct access_log *log)
{
    const uint64_t one = 1;

    if (write(log->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_error("eventfd: %s", strerror(errno));
}

/* Waits to be woken; ms: so long at most, -1: for ever. */
static void wait_for(struct access_log *log, int ms)
{
    struct pollfd p = {.fd = log->wake, .events = POLLIN};
    uint64_t count;

    if (poll(&p, 1, ms) > 0 && read(log->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("eventfd: %s", strerror(errno));
}

/* Lines are written some at a time: a system call for each would cost as much as the request. */
static void *write_lines(void *arg)
{
    struct access_log *log = arg;

    while (!atomic_load(&log->ending)) {
        if (log->path && atomic_exchange(&log->reopen, false))
            reopen(log);
        if (drain_all(log)) {
            wait_for(log, GATHER_MS);
            continue;
        }
        atomic_store(&log->sleeps, true);
        if (!drain_all(log)) /* what comes from here on wakes it */
            wait_for(log, -1);
        atomic_store(&log->sleeps, false);
        wait_for(log, GATHER_MS);
    }
    while (drain_all(log))
        ;
    return NULL;
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

uint64_t access_log_lost(const struct access_log *log)
{
    return log ? atomic_load((_Atomic uint64_t *)(uintptr_t)&log->lost) : 0;
}

void access_log_reopen(struct access_log *log)
{
    if (!log || !log->path)
        return;
    atomic_store(&log->reopen, true);
    wake(log);
}

/* --- in a worker ------------------------------------------------------------------------------ */

/* The fields of a request that are shown; NULL: it was not sent. */
struct shown {
    const struct http_field *referer, *agent;
};

static struct shown find_shown(const char *head, const struct http_request *r)
{
    struct shown s = {0};

    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id != HTTP_FIELD_OTHER)
            continue;
        if (f->name.len == 7 && http_name_is(head + f->name.at, f->name.len, "referer"))
            s.referer = f;
        else if (f->name.len == 10 && http_name_is(head + f->name.at, f->name.len, "user-agent"))
            s.agent = f;
    }
    return s;
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
    const struct http_slice none = {0};
    struct http_slice referer, agent;
    struct access_note *n;
    struct shown shown;
    size_t at = 0;

    if (!c->worker->shared->access_log || c->asked_us == 0)
        return;
    shown = find_shown(head, r);
    referer = shown.referer ? shown.referer->value : none;
    agent = shown.agent ? shown.agent->value : none;
    n = malloc(sizeof *n + r->method_text.len + r->target.len + r->host.len + referer.len +
               agent.len);
    free(c->note);
    c->note = n;
    if (!n)
        return;
    *n = (struct access_note){
        .has_host = r->host.len > 0, .has_referer = shown.referer, .has_agent = shown.agent};
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

/* "10.0.0.7:80". The C library takes longer for that than all the rest of a line takes. */
static void v4_text(const struct sockaddr_in *at, char *text)
{
    const unsigned char *bytes = (const unsigned char *)&at->sin_addr;

    for (int i = 0; i < 4; i++) {
        text = access_line_number(text, bytes[i]);
        *text++ = i < 3 ? '.' : ':';
    }
    *access_line_number(text, ntohs(at->sin_port)) = '\0';
}

static void task_text(const struct target *t, char text[TASK_TEXT])
{
    char address[CLIENT_ADDRESS_SIZE];

    *text = '\0';
    if (t->len == 0)
        return;
    if (t->address.any.sa_family == AF_INET)
        v4_text(&t->address.v4, text);
    else if (t->address.any.sa_family == AF_INET6 &&
             inet_ntop(AF_INET6, &t->address.v6.sin6_addr, address, sizeof address))
        snprintf(text, TASK_TEXT, "[%s]:%d", address, ntohs(t->address.v6.sin6_port));
}

/* Where the next line goes: the longest one has room there, in the ring or beside it. NULL: there
 * is none. */
static char *place(struct ring *r)
{
    const size_t start = atomic_load_explicit(&r->start, memory_order_acquire);
    const size_t end = atomic_load_explicit(&r->end, memory_order_relaxed);

    if (RING_SIZE - (end - start) < ACCESS_LINE_MAX)
        return NULL;
    return RING_SIZE - end % RING_SIZE < ACCESS_LINE_MAX ? r->beside : r->bytes + end % RING_SIZE;
}

/* The line that was written there counts. true: it is high time to write what is in the ring. */
static bool push(struct ring *r, const char *text, size_t len)
{
    const size_t start = atomic_load_explicit(&r->start, memory_order_relaxed);
    const size_t end = atomic_load_explicit(&r->end, memory_order_relaxed), at = end % RING_SIZE;
    const size_t first = len < RING_SIZE - at ? len : RING_SIZE - at;

    if (text == r->beside) { /* it wraps */
        memcpy(r->bytes + at, text, first);
        memcpy(r->bytes, text + first, len - first);
    }
    atomic_store(&r->end, end + len);
    return end - start < RING_FULL && end + len - start >= RING_FULL;
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
    char task[TASK_TEXT] = "", *text;
    struct ring *ring;
    bool is_full = false;
    struct access_line l = {.at_ms = clock_now_ms(),
                            .client = c->peer,
                            .minor = c->minor,
                            .status = c->status,
                            .bytes = bytes,
                            .us = us,
                            .by = tally_by_word(c->by),
                            .environment = c->subdomain};

    if (!log)
        return;
    if (c->note) {
        fill(&l, c->note);
        task_text(&c->note->task, task);
    }
    l.task = task;
    ring = &log->rings[w->tally - w->shared->tallies];
    text = place(ring);
    if (text)
        is_full = push(ring, text, log->format(&l, text));
    tally_add(text ? &w->tally->lines : &w->tally->lines_lost, 1);
    if (is_full || (atomic_load(&log->sleeps) && atomic_exchange(&log->sleeps, false)))
        wake(log);
    free(c->note);
    c->note = NULL;
}
