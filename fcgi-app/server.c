/* There are two kinds of threads. The one kind waits for the listening socket and for the end of
 * the program. It takes a connection, answers its one request and closes it: a connection that
 * stays open would hold a thread that others wait for. What may have to wait for AWS it puts into
 * the queue, which the other kind answers. So however slow AWS is, half of the threads answer what
 * needs only the database.
 *
 * A request that asks AWS has one limit for everything, the time in the queue included. */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "aws/client.h"
#include "clock.h"
#include "limit.h"
#include "log.h"

#include "field_check.h"
#include "queue.h"
#include "router.h"

enum { DRAIN_SECONDS = 30, ACCEPT_PAUSE_MS = 100 };

struct worker {
    pthread_t thread;
    bool started;
    int listen_fd;
    int stop_fd;         /* readable once the server is to stop */
    struct queue *queue; /* NULL: nothing calls AWS */
    struct services with;
    struct list_cache lists;
    struct waiting_cache waiting;
};

static const char *fcgi_variable(void *ctx, const char *name)
{
    const FCGX_Request *request = ctx;

    return FCGX_GetParam(name, request->envp);
}

static size_t fcgi_read(void *ctx, char *bytes, size_t len)
{
    const FCGX_Request *request = ctx;
    int got = FCGX_GetStr(bytes, (int)len, request->in);

    return got > 0 ? (size_t)got : 0;
}

static struct request_io io_of(struct visit *v)
{
    return (struct request_io){fcgi_variable, fcgi_read, &v->request};
}

/* Whether the web server has closed the connection, which it does when its client leaves. */
static bool has_left(void *ctx)
{
    const struct visit *v = ctx;
    struct pollfd p = {.fd = v->request.ipcFd, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* What changes something is carried to its end, whoever leaves. */
static bool only_reads(const struct visit *v)
{
    const char *method = FCGX_GetParam("REQUEST_METHOD", v->request.envp);

    return method && (!strcmp(method, "GET") || !strcmp(method, "HEAD"));
}

static void write_answer(struct visit *v, const struct response *response, bool is_head)
{
    struct buf out = {0};

    response_write(response, is_head, &out);
    if (out.failed || response->body.failed)
        log_error("out of memory: a request got no answer");
    else if (FCGX_PutStr(out.data, (int)out.len, v->request.out) < 0)
        log_debug("the web server went away before its answer");
    buf_free(&out);
}

/* Answers without a look at the request. */
static void refuse(struct visit *v, int status, const char *why)
{
    struct response response = {0};

    respond_json_text(&response, status, "result", why);
    response.retry_after = status == 503;
    write_answer(v, &response, false);
    response_free(&response);
}

static void set_limit(struct worker *w, const struct limit *limit)
{
    w->with.limit = limit;
    runner_limit(w->with.runner, limit);
    if (w->with.aws)
        aws_client_limit(w->with.aws, limit);
}

static void answer(struct worker *w, struct visit *v)
{
    const struct request_io io = io_of(v);
    const struct limit limit = {.until_ms = v->came_at + AWS_CALL_TIMEOUT_MS,
                                .has_left = only_reads(v) ? has_left : NULL,
                                .ctx = v};
    struct response response = {0};
    bool is_head = false;

    set_limit(w, w->queue ? &limit : NULL);
    router_answer(&w->with, &io, &response, &is_head);
    set_limit(w, NULL);
    write_answer(v, &response, is_head);
    response_free(&response);
}

static void end(struct visit *v)
{
    FCGX_Finish_r(&v->request);
    FCGX_Free(&v->request, 1);
    free(v);
}

/* False once the server is to stop. */
static bool wait_for_connection(const struct worker *w)
{
    struct pollfd fds[] = {{.fd = w->stop_fd, .events = POLLIN},
                           {.fd = w->listen_fd, .events = POLLIN}};

    if (poll(fds, 2, -1) < 0 && errno != EINTR)
        log_error("poll: %s", strerror(errno));
    return fds[0].revents == 0;
}

/* Out of descriptors, or worse: try again in a moment, unless the end comes first. */
static void pause_accepting(const struct worker *w, int error)
{
    struct pollfd stop = {.fd = w->stop_fd, .events = POLLIN};

    log_error("cannot accept a connection: %s", strerror(error));
    poll(&stop, 1, ACCEPT_PAUSE_MS);
}

static struct visit *new_visit(int listen_fd)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (!v)
        abort();
    if (FCGX_InitRequest(&v->request, listen_fd, 0) != 0) {
        log_error("cannot prepare for FastCGI");
        free(v);
        return NULL;
    }
    return v;
}

/* Takes over the visit: answers it, or leaves that to a thread that may wait. */
static void receive(struct worker *w, struct visit *v)
{
    const struct request_io io = io_of(v);
    const char *why = field_problem((const char *const *)v->request.envp);

    v->came_at = clock_monotonic_ms();
    if (why)
        refuse(v, 400, why);
    else if (!w->queue || !router_asks_aws(&io))
        answer(w, v);
    else if (queue_add(w->queue, v))
        return;
    else
        refuse(v, 503, "too many requests wait for AWS");
    end(v);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct visit *v = new_visit(w->listen_fd);

    while (v && wait_for_connection(w)) {
        int rc;

        errno = 0;
        rc = FCGX_Accept_r(&v->request);
        if (rc == 0) {
            receive(w, v);
            v = new_visit(w->listen_fd);
        } else if (rc != -EAGAIN && rc != -ECONNABORTED && rc != -EINTR)
            pause_accepting(w, -rc);
    }
    if (v)
        FCGX_Free(&v->request, 1);
    free(v);
    return NULL;
}

/* The thread of a worker that may call AWS. */
static void *work_with_aws(void *arg)
{
    struct worker *w = arg;
    struct visit *v;

    while ((v = queue_take(w->queue))) {
        if (clock_monotonic_ms() - v->came_at >= AWS_CALL_TIMEOUT_MS)
            refuse(v, 503, "AWS is slow, and too many requests waited for it");
        else if (!has_left(v)) /* else nobody waits for what has not begun */
            answer(w, v);
        end(v);
    }
    return NULL;
}

static int open_workers(struct worker *workers, int count, const struct server_setup *setup,
                        int stop_fd, struct queue *queue, struct err *e)
{
    for (int i = 0; i < count; i++) {
        struct worker *w = &workers[i];

        w->listen_fd = setup->listen_fd;
        w->stop_fd = stop_fd;
        w->queue = setup->config->local ? NULL : queue;
        w->with.config = setup->config;
        w->with.templates = setup->templates;
        w->with.zone = setup->zone;
        w->with.oidc = setup->oidc;
        w->with.lists = &w->lists;
        w->with.waiting = &w->waiting;
        if (db_open_state(&w->with.db, setup->state_dir, e) < 0 ||
            runner_open(&w->with.runner, setup->config, setup->state_dir, e) < 0 ||
            (!setup->config->local &&
             aws_client_open(&w->with.aws, setup->config->ecs.region, e) < 0))
            return -1;
    }
    return 0;
}

/* The first `for_aws` of them may call AWS. */
static int start_workers(struct worker *workers, int count, int for_aws, struct err *e)
{
    for (int i = 0; i < count; i++) {
        int rc = pthread_create(&workers[i].thread, NULL, i < for_aws ? work_with_aws : work,
                                &workers[i]);

        if (rc != 0)
            return err_system(e, rc, "cannot start a thread");
        workers[i].started = true;
    }
    return 0;
}

/* Tells the threads to stop and waits for them. False when some still work after the time given. */
static bool stop_workers(struct worker *workers, int count, int stop_fd, struct queue *queue)
{
    const uint64_t one = 1;
    struct timespec deadline;

    if (write(stop_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        log_error("cannot wake the threads: %s", strerror(errno));
    queue_close(queue);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += DRAIN_SECONDS;
    for (int i = 0; i < count; i++) {
        if (!workers[i].started)
            continue;
        if (pthread_timedjoin_np(workers[i].thread, NULL, &deadline) != 0)
            return false;
        workers[i].started = false;
    }
    return true;
}

static void close_workers(struct worker *workers, int count)
{
    for (int i = 0; i < count; i++) {
        runner_close(workers[i].with.runner);
        aws_client_close(workers[i].with.aws);
        db_close(workers[i].with.db);
        list_cache_free(&workers[i].lists);
        waiting_cache_free(&workers[i].waiting);
    }
}

/* The signals that end the program. Blocked before any thread starts, so that only server_run()
 * takes them, and before libfcgi looks for SIGUSR1, which it would make its own. */
static sigset_t block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

int server_run(const struct server_setup *setup, struct err *e)
{
    const sigset_t signals = block_signals();
    const int for_aws = setup->config->local ? 0 : setup->threads > 1 ? setup->threads / 2 : 1;
    const int count = setup->threads > for_aws ? setup->threads : for_aws + 1; /* one of each */
    struct worker *workers = calloc((size_t)count, sizeof(*workers));
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct queue queue;
    int number = 0;
    int rc = -1;

    queue_init(&queue);
    if (!workers || stop_fd < 0) {
        err_system(e, errno, "cannot prepare the threads");
        goto out;
    }
    if (FCGX_Init() != 0) {
        err_set(e, ERR_INTERNAL, "cannot prepare for FastCGI");
        goto out;
    }
    if (open_workers(workers, count, setup, stop_fd, &queue, e) < 0)
        goto out;
    if (start_workers(workers, count, for_aws, e) == 0) {
        rc = 0;
        log_info("mirage-api answers with %d threads", count);
        sigwait(&signals, &number);
        log_info("mirage-api stops: %s", strsignal(number));
    }
    if (!stop_workers(workers, count, stop_fd, &queue)) {
        log_warn("requests still in flight after %d s are given up", DRAIN_SECONDS);
        _exit(rc == 0 ? 0 : 1); /* their threads use what would be freed below */
    }
out:
    if (workers)
        close_workers(workers, count);
    free(workers);
    queue_free(&queue);
    if (stop_fd >= 0)
        close(stop_fd);
    return rc;
}
