/* Every thread waits for the listening socket and for the end of the program. It takes a
 * connection, answers its one request and closes it: a connection that stays open would hold a
 * thread that others wait for. */
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
#include "log.h"

#include "router.h"

#define FIELDS_MAX 256 /* mirage-proxyd lets half of that through */

enum { DRAIN_SECONDS = 30, ACCEPT_PAUSE_MS = 100 };

struct worker {
    pthread_t thread;
    bool started;
    int listen_fd;
    int stop_fd; /* readable once the server is to stop */
    struct services with;
    struct list_cache lists;
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

/* Why a request with these header fields is refused, or NULL. A web server may pass X_Name beside
 * X-Name, which CGI calls the same: who is in front of it has seen to one of them only. */
static const char *refused(char *const *variables)
{
    size_t n = 0;

    for (; *variables; variables++) {
        size_t len = strcspn(*variables, "=") + 1;

        if (strncmp(*variables, "HTTP_", 5) != 0)
            continue;
        if (++n > FIELDS_MAX)
            return "there are too many header fields";
        for (char *const *other = variables + 1; *other; other++)
            if (!strncmp(*variables, *other, len))
                return "a header field comes in two spellings";
    }
    return NULL;
}

static void answer(struct worker *w, FCGX_Request *request)
{
    const struct request_io io = {fcgi_variable, fcgi_read, request};
    struct response response = {0};
    struct buf out = {0};
    bool is_head = false;
    const char *why = refused(request->envp);

    if (why)
        respond_json_text(&response, 400, "result", why);
    else
        router_answer(&w->with, &io, &response, &is_head);
    response_write(&response, is_head, &out);
    if (out.failed || response.body.failed)
        log_error("out of memory: a request got no answer");
    else if (FCGX_PutStr(out.data, (int)out.len, request->out) < 0)
        log_debug("the web server went away before its answer");
    buf_free(&out);
    response_free(&response);
    FCGX_Finish_r(request);
    FCGX_Free(request, 1);
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

static void *work(void *arg)
{
    struct worker *w = arg;
    FCGX_Request request;

    if (FCGX_InitRequest(&request, w->listen_fd, 0) != 0) {
        log_error("cannot prepare for FastCGI");
        return NULL;
    }
    while (wait_for_connection(w)) {
        int rc;

        errno = 0;
        rc = FCGX_Accept_r(&request);
        if (rc == 0)
            answer(w, &request);
        else if (rc != -EAGAIN && rc != -ECONNABORTED && rc != -EINTR)
            pause_accepting(w, -rc);
    }
    FCGX_Free(&request, 1);
    return NULL;
}

static int open_workers(struct worker *workers, const struct server_setup *setup, int stop_fd,
                        struct err *e)
{
    for (int i = 0; i < setup->threads; i++) {
        struct worker *w = &workers[i];

        w->listen_fd = setup->listen_fd;
        w->stop_fd = stop_fd;
        w->with.config = setup->config;
        w->with.templates = setup->templates;
        w->with.oidc = setup->oidc;
        w->with.lists = &w->lists;
        if (db_open_state(&w->with.db, setup->state_dir, e) < 0 ||
            runner_open(&w->with.runner, setup->config, setup->state_dir, e) < 0 ||
            (!setup->config->local &&
             aws_client_open(&w->with.aws, setup->config->ecs.region, e) < 0))
            return -1;
    }
    return 0;
}

static int start_workers(struct worker *workers, int count, struct err *e)
{
    for (int i = 0; i < count; i++) {
        int rc = pthread_create(&workers[i].thread, NULL, work, &workers[i]);

        if (rc != 0)
            return err_system(e, rc, "cannot start a thread");
        workers[i].started = true;
    }
    return 0;
}

/* Tells the threads to stop and waits for them. False when some still work after the time given. */
static bool stop_workers(struct worker *workers, int count, int stop_fd)
{
    const uint64_t one = 1;
    struct timespec deadline;

    if (write(stop_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        log_error("cannot wake the threads: %s", strerror(errno));
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
    struct worker *workers = calloc((size_t)setup->threads, sizeof(*workers));
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int number = 0;
    int rc = -1;

    if (!workers || stop_fd < 0) {
        err_system(e, errno, "cannot prepare the threads");
        goto out;
    }
    if (FCGX_Init() != 0) {
        err_set(e, ERR_INTERNAL, "cannot prepare for FastCGI");
        goto out;
    }
    if (open_workers(workers, setup, stop_fd, e) < 0)
        goto out;
    if (start_workers(workers, setup->threads, e) == 0) {
        rc = 0;
        log_info("mirage-api answers with %d threads", setup->threads);
        sigwait(&signals, &number);
        log_info("mirage-api stops: %s", strsignal(number));
    }
    if (!stop_workers(workers, setup->threads, stop_fd)) {
        log_warn("requests still in flight after %d s are given up", DRAIN_SECONDS);
        _exit(rc == 0 ? 0 : 1); /* their threads use what would be freed below */
    }
out:
    if (workers)
        close_workers(workers, setup->threads);
    free(workers);
    if (stop_fd >= 0)
        close(stop_fd);
    return rc;
}
