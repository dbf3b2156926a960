#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "config/config.h"
#include "json.h"
#include "local_task.h"
#include "log.h"
#include "signals.h"
#include "task.h"

#include "command.h"
#include "free_port.h"
#include "health.h"
#include "log_file.h"

#define ROUTE_GRACE_MS 300  /* between being told to stop and SIGTERM: its routes go first */
#define STOP_GRACE_MS  5000 /* between SIGTERM and SIGKILL */

struct supervisor {
    const char *dir;
    json_t *task;                  /* task.json */
    json_t *status;                /* what status.json says or is about to */
    int sockets[CONFIG_PORTS_MAX]; /* bound, one a port; closed when the process has been started */
    size_t n_sockets;
    pid_t pid;
    int output;  /* the read end of the process's stdout and stderr */
    int not_run; /* the read end of where it says why its command cannot be run */
    int signals;
    int64_t term_at; /* when SIGTERM is due, monotonic ms; 0: not being stopped */
    int64_t kill_at; /* when SIGKILL is; 0: SIGTERM was not sent yet */
    struct log_file log;
    struct health health;
};

static void write_status(struct supervisor *s)
{
    struct err e;

    if (local_task_write(s->dir, "status.json", s->status, &e) < 0)
        log_error("%s", e.text);
}

static void set_text(struct supervisor *s, const char *key, const char *text)
{
    json_object_set_new(s->status, key, json_string(text));
}

static void add_event(struct supervisor *s, const char *what, const char *detail)
{
    json_array_append_new(json_object_get(s->status, "events"),
                          json_pack("{s:I, s:s, s:s}", "time", (json_int_t)clock_now_ms(), "what",
                                    what, "detail", detail));
}

static int choose_ports(struct supervisor *s)
{
    const json_t *wanted = json_object_get(s->task, "ports"), *container_port;
    json_t *ports = json_array();
    size_t i;

    json_object_set_new(s->status, "ports", ports);
    json_array_foreach (wanted, i, container_port) {
        int port = 0;
        if (s->n_sockets == CONFIG_PORTS_MAX) /* the configuration had no more */
            return -1;
        s->sockets[s->n_sockets] = free_port_take(&port);
        if (s->sockets[s->n_sockets] < 0)
            return -1;
        s->n_sockets++;
        json_array_append_new(ports, json_pack("{s:I, s:i}", "container_port",
                                               json_integer_value(container_port), "port", port));
    }
    return 0;
}

/* Ports are kept from others until the process is about to bind them itself. */
static void close_ports(struct supervisor *s, size_t from)
{
    while (s->n_sockets > from)
        close(s->sockets[--s->n_sockets]);
}

/* In the new process. */
static void __attribute__((noreturn)) become_task(struct supervisor *s, int output, int not_run)
{
    sigset_t none;

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    umask(022);
    command_run(s->task, json_object_get(s->status, "ports"), s->sockets, s->n_sockets, not_run);
}

static int start_process(struct supervisor *s)
{
    int ends[2], failure[2];

    if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    /* The process binds the ports itself: they must be free by then. */
    if (command_is_given(s->task))
        close_ports(s, 0);
    s->pid = fork();
    if (s->pid == 0)
        become_task(s, ends[1], failure[1]);
    close_ports(s, 0);
    close(ends[1]);
    close(failure[1]);
    s->output = ends[0];
    s->not_run = failure[0];
    return s->pid < 0 ? -1 : 0;
}

static void signal_process(const struct supervisor *s, int number)
{
    if (kill(-s->pid, number) < 0) /* its session; not there yet in its first moments */
        kill(s->pid, number);
}

/* Told by a terminate, it goes on for a moment, so that the proxy sends it nothing more by then;
 * when the whole stack stops, the proxy has ended already. */
static void stop(struct supervisor *s)
{
    json_t *told;

    if (s->term_at)
        return;
    told = local_task_read(s->dir, "stop");
    s->term_at = clock_monotonic_ms() + (told ? ROUTE_GRACE_MS : 0);
    json_decref(told);
    add_event(s, "stopping", "");
    write_status(s);
}

/* Sends the signal that is due, if one is. Returns ms until the next, -1 when none will be. */
static int64_t signal_when_due(struct supervisor *s)
{
    int64_t now = clock_monotonic_ms();

    if (s->term_at == 0)
        return -1;
    if (s->kill_at == 0 && now >= s->term_at) {
        signal_process(s, SIGTERM);
        s->kill_at = now + STOP_GRACE_MS;
    }
    if (s->kill_at == 0)
        return s->term_at - now;
    if (now < s->kill_at)
        return s->kill_at - now;
    signal_process(s, SIGKILL);
    return 1000;
}

static void read_output(struct supervisor *s)
{
    char bytes[16384];
    ssize_t n = read(s->output, bytes, sizeof bytes);

    if (n > 0)
        log_file_add(&s->log, bytes, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(s->output);
        s->output = -1;
    }
}

/* What is in the pipe now; a grandchild may hold it open for ever. */
static void drain_output(struct supervisor *s)
{
    struct pollfd p = {.fd = s->output, .events = POLLIN};

    while (s->output >= 0 && poll(&p, 1, 0) > 0)
        read_output(s);
    log_file_end(&s->log);
}

/* Nobody told it to: whoever started the stack is to see it, and where to begin. */
static void log_end(const struct supervisor *s, const char *reason)
{
    bool more = *s->log.last && strcmp(s->log.last, reason) != 0;

    log_warn("task %s of %s (%s) ended: %s%s%s", json_member(s->task, "short_id"),
             json_member(s->task, "subdomain"), json_member(s->task, "taskdef"), reason,
             more ? "; the last line of its output: " : "", more ? s->log.last : "");
}

static void record_end(struct supervisor *s, int status)
{
    char reason[512];
    json_t *told = local_task_read(s->dir, "stop");
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ssize_t n = read(s->not_run, reason, sizeof reason - 1);

    if (told)
        snprintf(reason, sizeof reason, "%.100s", json_member(told, "reason"));
    else if (s->term_at)
        snprintf(reason, sizeof reason, STOP_WITH_STACK);
    else if (n > 0)
        reason[n] = '\0'; /* it could not be run */
    else if (WIFEXITED(status))
        snprintf(reason, sizeof reason, "its process exited with status %d", code);
    else
        snprintf(reason, sizeof reason, "its process was ended by signal %d", WTERMSIG(status));
    if (!told && !s->term_at)
        log_end(s, reason);
    set_text(s, "stop_code",
             told || s->term_at ? "UserInitiated"
             : n > 0            ? "TaskFailedToStart"
                                : "EssentialContainerExited");
    json_decref(told);
    json_object_set_new(s->status, "stopped_at", json_integer(clock_now_ms()));
    json_object_set_new(s->status, "exit_code", json_integer(code));
    set_text(s, "last_status", "STOPPED");
    set_text(s, "stopped_reason", reason);
    add_event(s, "stopped", reason);
    write_status(s);
}

static void note_health(struct supervisor *s)
{
    set_text(s, "health", task_health_word(s->health.is));
    write_status(s);
}

/* Whether the process has ended; its status in *status. Reaps whatever else it left to us. */
static bool has_ended(struct supervisor *s, int *status)
{
    bool ended = false;
    pid_t pid;
    int one;

    while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
        if (pid == s->pid) {
            ended = true;
            *status = one;
        } else if (health_ended(&s->health, pid, one))
            note_health(s);
    }
    return ended;
}

/* The shorter of two waits; -1 is for ever. */
static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void watch(struct supervisor *s)
{
    int number, status;

    for (;;) {
        struct pollfd fds[] = {{.fd = s->signals, .events = POLLIN},
                               {.fd = s->output, .events = POLLIN}};

        poll(fds, 2, (int)sooner(signal_when_due(s), s->term_at ? -1 : health_run(&s->health)));
        if (fds[1].revents)
            read_output(s);
        while ((number = signals_next(s->signals)) != 0)
            if (number != SIGCHLD)
                stop(s);
        if (has_ended(s, &status))
            break;
    }
    signal_process(s, SIGKILL); /* what is left of its session */
    if (s->health.pid > 0)
        kill(-s->health.pid, SIGKILL);
    drain_output(s);
    record_end(s, status);
}

static void fail(struct supervisor *s, bool told, const char *reason)
{
    json_object_set_new(s->status, "stopped_at", json_integer(clock_now_ms()));
    set_text(s, "last_status", "STOPPED");
    set_text(s, "stopped_reason", reason);
    set_text(s, "stop_code", told ? "UserInitiated" : "TaskFailedToStart");
    add_event(s, "failed", reason);
    write_status(s);
    if (!told)
        log_end(s, reason);
}

void supervise(const char *dir)
{
    struct supervisor s = {.dir = dir, .log = {.dir = dir, .fd = -1}};
    json_t *told;

    s.signals = signals_watch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0});
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    s.task = local_task_read(dir, "task.json");
    s.status = json_pack("{s:i, s:s, s:[]}", "supervisor", (int)getpid(), "last_status", "PENDING",
                         "events");
    write_status(&s);
    told = local_task_read(dir, "stop");
    if (told)
        fail(&s, true, json_member(told, "reason"));
    else if (choose_ports(&s) < 0)
        fail(&s, false, "no free port");
    else if (start_process(&s) < 0)
        fail(&s, false, "cannot start a process");
    else {
        json_object_set_new(s.status, "started_at", json_integer(clock_now_ms()));
        set_text(&s, "last_status", "RUNNING");
        health_begin(&s.health, s.task, s.status);
        set_text(&s, "health", task_health_word(s.health.is));
        add_event(&s, "running", "");
        write_status(&s);
        watch(&s);
    }
    json_decref(told);
    json_decref(s.task);
    json_decref(s.status);
    close(s.signals);
}
