#include "runner_local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "config/config.h"
#include "container_of.h"
#include "json.h"
#include "launch.h"
#include "listening.h"
#include "local_logs.h"
#include "local_task.h"
#include "state_folder.h"

#define KEEP_STOPPED_MS (60 * 60 * 1000) /* as ECS does */
#define START_GRACE_MS  10000            /* for a supervisor to take its lock */
#define ARN_PREFIX      "arn:aws:ecs:local:000000000000:task/local/"

extern char **environ;

struct runner_local {
    struct runner runner;
    const struct config *config;
    char *dir;        /* the folder of the tasks' folders */
    char *supervisor; /* mirage-local-task */
    struct listening listening;
};

static struct runner_local *local_of(struct runner *r)
{
    return container_of(r, struct runner_local, runner);
}

/* --- launch ----------------------------------------------------------------------------------- */

/* 32 hexadecimal digits, as ECS's task ids. */
static char *new_id(struct arena *a)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    char *id = arena_alloc(a, 33);

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort();
    for (size_t i = 0; i < sizeof random; i++) {
        id[2 * i] = digits[random[i] >> 4];
        id[2 * i + 1] = digits[random[i] & 15];
    }
    return id;
}

/* What the launcher writes to task.json. */
static json_t *describe(const struct runner_local *l, const struct launch_request *request,
                        const char *taskdef, const char *id)
{
    const struct config_taskdef *def = config_local_taskdef(l->config, taskdef);
    json_t *command = json_array(), *ports = json_array(), *extra = json_object();
    json_t *health = json_array();

    for (size_t i = 0; def && i < def->health.len; i++)
        json_array_append_new(health, json_string(def->health.items[i]));
    for (size_t i = 0; def && i < def->command.len; i++)
        json_array_append_new(command, json_string(def->command.items[i]));
    for (size_t i = 0; def && i < def->n_ports; i++)
        json_array_append_new(ports, json_integer(def->ports[i]));
    if (json_array_size(ports) == 0)
        json_array_append_new(ports, json_integer(80));
    for (size_t i = 0; def && i < def->n_env; i++)
        json_object_set_new(extra, def->env[i].name, json_string(def->env[i].value));
    return json_pack("{s:o, s:s, s:s, s:s+, s:s+, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o}",
                     "health", health, "launch", request->launch ? request->launch : "", "short_id",
                     id, "arn", ARN_PREFIX, id, "taskdef", taskdef,
                     strchr(taskdef, ':') ? "" : ":1", "subdomain", request->subdomain, "branch",
                     launch_branch(request), "created_at", (json_int_t)clock_now_ms(), "command",
                     command, "ports", ports, "extra_env", extra, "env",
                     launch_env(request, l->config->compat_v1), "tags", launch_tags(request));
}

/* Starts the task's supervisor, which leaves this process at once to run on its own. */
static int start_supervisor(const struct runner_local *l, const char *dir, struct err *e)
{
    const char *argv[] = {l->supervisor, dir, NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    int status, rc;
    pid_t pid;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(&pid, l->supervisor, NULL, &attributes, (char **)(uintptr_t)argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (rc != 0)
        return err_system(e, rc, "cannot run %s", l->supervisor);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_system(e, errno, "cannot wait for %s", l->supervisor);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(e, ERR_REFUSED, "%s did not start; its log line says why", l->supervisor);
    return 0;
}

static int read_task(struct runner_local *l, const char *id, struct arena *a, struct task *t);

static void remove_task_dir(const struct runner_local *l, const char *id)
{
    static const char *const files[] = {"task.json", "status.json", "stop", "log", "log.1", "lock"};
    struct arena a = {0};
    const char *dir = arena_printf(&a, "%s/%s", l->dir, id);

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(arena_printf(&a, "%s/%s", dir, files[i]));
    rmdir(dir);
    arena_free(&a);
}

static int launch_one(struct runner_local *l, const struct launch_request *request,
                      const char *taskdef, struct arena *a, struct launch_result *result,
                      struct err *e)
{
    const char *id = new_id(a), *dir = arena_printf(a, "%s/%s", l->dir, id);
    json_t *description;
    int rc;

    if (mkdir(dir, 0700) < 0)
        return err_system(e, errno, "cannot make %s", dir);
    description = describe(l, request, taskdef, id);
    rc = local_task_write(dir, "task.json", description, e);
    json_decref(description);
    if (rc < 0 || start_supervisor(l, dir, e) < 0) {
        remove_task_dir(l, id);
        return -1;
    }
    if (read_task(l, id, a, &result->task) < 0)
        return err_set(e, ERR_INTERNAL, "%s is gone", dir);
    return 0;
}

static int local_launch(struct runner *r, const struct launch_request *request,
                        const struct launch_plan *plan, struct arena *a,
                        struct launch_result *results, struct err *e)
{
    struct runner_local *l = local_of(r);

    (void)plan;
    for (size_t i = 0; i < request->n_taskdefs; i++) {
        results[i] = (struct launch_result){.taskdef = request->taskdefs[i]};
        if (launch_one(l, request, request->taskdefs[i], a, &results[i], e) < 0)
            results[i].error = arena_strdup(a, e->text);
    }
    return 0;
}

/* --- list ------------------------------------------------------------------------------------- */

static const char *text_or(const json_t *value, const char *otherwise, struct arena *a)
{
    return value ? json_to_text(value, a) : otherwise;
}

/* The ports: every one by its container port, and the first for every other target too. */
static void read_ports(const struct runner_local *l, struct arena *a, const json_t *status,
                       struct task *t)
{
    const json_t *ports = json_object_get(status, "ports"), *port;
    size_t i;

    if (json_array_size(ports) == 0)
        return;
    t->ports = arena_array(a, json_array_size(ports) + 1, sizeof *t->ports);
    json_array_foreach (ports, i, port) {
        struct task_port p = {
            .container = LOCAL_TASK_CONTAINER,
            .container_port = (int)json_integer_value(json_object_get(port, "container_port")),
            .address = t->ipaddress,
            .port = (int)json_integer_value(json_object_get(port, "port")),
        };
        if (listening_v6_only(&l->listening, p.port))
            p.address = "::1";
        t->ports[t->n_ports++] = p;
        if (i == 0) {
            p.container_port = 0;
            t->ports[t->n_ports++] = p;
        }
    }
}

/* A supervisor that is gone without having said so was killed, and its task with it. It takes its
 * lock before it writes its status, and says that it stopped before it lets go: only one that was
 * without its lock both before (`supervised`) and after the status was read is gone. */
static void read_status(const char *dir, struct arena *a, const json_t *status, bool supervised,
                        struct task *t)
{
    json_t *stop = local_task_read(dir, "stop");

    t->last_status = status ? json_text(status, "last_status", a) : "PROVISIONING";
    t->started_at = json_integer_value(json_object_get(status, "started_at"));
    t->stopped_at = json_integer_value(json_object_get(status, "stopped_at"));
    t->stopped_reason = json_text(status, "stopped_reason", a);
    if (strcmp(t->last_status, "STOPPED") != 0 && !supervised && !local_task_is_supervised(dir) &&
        t->created_at < clock_now_ms() - (status ? 0 : START_GRACE_MS)) {
        t->last_status = "STOPPED";
        t->stopped_at = t->started_at ? t->started_at : t->created_at;
        t->stopped_reason = "its supervisor was killed";
    }
    t->desired_status = stop || !strcmp(t->last_status, "STOPPED") ? "STOPPED" : "RUNNING";
    if (stop && !*t->stopped_reason)
        t->stopped_reason = json_text(stop, "reason", a);
    json_decref(stop);
}

/* 0, or -1 when there is no such task. */
static int read_task(struct runner_local *l, const char *id, struct arena *a, struct task *t)
{
    const char *dir = arena_printf(a, "%s/%s", l->dir, id);
    json_t *description = local_task_read(dir, "task.json");
    bool supervised = local_task_is_supervised(dir);
    json_t *status;

    if (!description)
        return -1;
    status = local_task_read(dir, "status.json");
    *t = (struct task){
        .arn = json_text(description, "arn", a),
        .short_id = json_text(description, "short_id", a),
        .subdomain = json_text(description, "subdomain", a),
        .launch = json_text(description, "launch", a),
        .stop_code = json_text(status, "stop_code", a),
        .health = task_health_of(json_text(status, "health", a)),
        .branch = json_text(description, "branch", a),
        .taskdef = json_text(description, "taskdef", a),
        .ipaddress = status ? "127.0.0.1" : "",
        .env = text_or(json_object_get(description, "env"), "{}", a),
        .tags = text_or(json_object_get(description, "tags"), "[]", a),
        .created_at = json_integer_value(json_object_get(description, "created_at")),
    };
    read_status(dir, a, status, supervised, t);
    read_ports(l, a, status, t);
    json_decref(description);
    json_decref(status);
    return 0;
}

static int local_list(struct runner *r, bool now, const struct runner_known *known, size_t n_known,
                      struct arena *a, struct task_list *tasks, struct err *e)
{
    struct runner_local *l = local_of(r);
    int64_t oldest = clock_now_ms() - KEEP_STOPPED_MS;
    DIR *dir = opendir(l->dir);
    struct dirent *entry;
    bool looked = false;
    size_t cap = 0;

    (void)now;
    (void)known; /* the folder lists a task as soon as it is there */
    (void)n_known;
    *tasks = (struct task_list){0};
    if (!dir)
        return err_system(e, errno, "cannot list %s", l->dir);
    while ((entry = readdir(dir))) {
        struct task t;
        if (entry->d_name[0] == '.')
            continue;
        if (!looked)
            listening_update(&l->listening);
        looked = true;
        if (read_task(l, entry->d_name, a, &t) < 0)
            continue;
        if (!strcmp(t.last_status, "STOPPED") && t.stopped_at < oldest) {
            remove_task_dir(l, entry->d_name);
            continue;
        }
        tasks->items = arena_grow(a, tasks->items, tasks->len, &cap, sizeof *tasks->items);
        tasks->items[tasks->len++] = t;
    }
    closedir(dir);
    return 0;
}

/* --- stop, logs, trace ------------------------------------------------------------------------ */

/* The last part of an ARN, checked to be a plain name. NULL when it is not one of ours. */
static const char *id_of(const char *arn)
{
    const char *slash = strrchr(arn, '/'), *id = slash ? slash + 1 : arn;

    return *id && strspn(id, "0123456789abcdef") == strlen(id) ? id : NULL;
}

static int local_stop(struct runner *r, const char *arn, const char *reason, struct err *e)
{
    struct runner_local *l = local_of(r);
    const char *id = id_of(arn);
    struct arena a = {0};
    const char *dir = arena_printf(&a, "%s/%s", l->dir, id ? id : "");
    json_t *status = NULL, *stop = NULL;
    pid_t pid;
    int rc = 0;

    if (!id || access(dir, F_OK) < 0)
        goto out; /* it is gone, which is what was wanted */
    stop = json_pack("{s:s}", "reason", reason);
    rc = local_task_write(dir, "stop", stop, e);
    status = local_task_read(dir, "status.json");
    pid = (pid_t)json_integer_value(json_object_get(status, "supervisor"));
    /* A supervisor that has not written its status yet looks for `stop` when it has. */
    if (rc == 0 && pid > 0 && local_task_is_supervised(dir) && kill(pid, SIGTERM) < 0 &&
        errno != ESRCH)
        rc = err_system(e, errno, "cannot stop process %d", (int)pid);
out:
    json_decref(status);
    json_decref(stop);
    arena_free(&a);
    return rc;
}

static int local_logs_of(struct runner *r, const struct task_list *tasks,
                         const struct log_query *query, struct arena *a, struct log_lines *lines,
                         struct err *e)
{
    return local_logs(local_of(r)->dir, tasks, query, a, lines, e);
}

static void read_events(struct arena *a, const json_t *status, struct trace *trace)
{
    const json_t *events = json_object_get(status, "events"), *event;
    size_t i;

    trace->events = arena_array(a, json_array_size(events) + 1, sizeof *trace->events);
    trace->events[trace->n_events++] = (struct trace_event){trace->task.created_at, "launched", ""};
    json_array_foreach (events, i, event) {
        trace->events[trace->n_events++] = (struct trace_event){
            .time_ms = json_integer_value(json_object_get(event, "time")),
            .what = json_text(event, "what", a),
            .detail = json_text(event, "detail", a),
        };
    }
}

static int local_trace(struct runner *r, const char *arn, struct arena *a, struct trace *trace,
                       struct err *e)
{
    struct runner_local *l = local_of(r);
    const char *id = id_of(arn);
    const json_t *code;
    json_t *status;

    *trace = (struct trace){0};
    if (!id || read_task(l, id, a, &trace->task) < 0)
        return err_set(e, ERR_NOT_FOUND, "task %.200s is not found", arn);
    status = local_task_read(arena_printf(a, "%s/%s", l->dir, id), "status.json");
    code = json_object_get(status, "exit_code");
    read_events(a, status, trace);
    trace->containers = arena_array(a, 1, sizeof *trace->containers);
    trace->n_containers = 1;
    trace->containers[0] = (struct trace_container){
        .name = LOCAL_TASK_CONTAINER,
        .exit_code = code ? arena_printf(a, "%d", (int)json_integer_value(code)) : "",
        .reason = trace->task.stopped_reason,
    };
    json_decref(status);
    return 0;
}

static void end_task(const char *dir)
{
    json_t *status = local_task_read(dir, "status.json");
    pid_t pid = (pid_t)json_integer_value(json_object_get(status, "supervisor"));

    if (pid > 0)
        kill(pid, SIGTERM);
    json_decref(status);
}

size_t runner_local_end_all(const char *state_dir)
{
    struct arena a = {0};
    const char *folder = arena_printf(&a, "%s/local", state_dir);
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir))) {
        const char *task = arena_printf(&a, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || !local_task_is_supervised(task))
            continue;
        end_task(task);
        n++;
    }
    if (dir)
        closedir(dir);
    arena_free(&a);
    return n;
}

static void local_close(struct runner *r)
{
    struct runner_local *l = local_of(r);

    free(l->dir);
    free(l->supervisor);
    free(l);
}

static const struct runner_ops local_ops = {
    .launch = local_launch,
    .list = local_list,
    .stop = local_stop,
    .logs = local_logs_of,
    .trace = local_trace,
    .close = local_close,
};

int runner_local_open(struct runner **r, const struct config *config, const char *state_dir,
                      struct err *e)
{
    struct runner_local *l;
    struct arena a = {0};

    *r = NULL;
    if (state_folder_check(state_dir, geteuid(), e) < 0 ||
        state_folder_check_entry(state_dir, "local", true, e) < 0)
        return -1;
    l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->runner.ops = &local_ops;
    l->config = config;
    l->dir = strdup(arena_printf(&a, "%s/local", state_dir));
    l->supervisor = strdup(arena_printf(&a, "%s/mirage-local-task", config_program_dir(&a)));
    arena_free(&a);
    if (!l->dir || !l->supervisor)
        abort();
    if (mkdir(l->dir, 0700) < 0 && errno != EEXIST) {
        err_system(e, errno, "cannot make the folder %s", l->dir);
        local_close(&l->runner);
        return -1;
    }
    *r = &l->runner;
    return 0;
}
