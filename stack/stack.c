/* Why no stock supervisor: runit and s6 give each service a supervisor process, which can itself be
 * killed; its successor then starts the service a second time beside the first. Neither pauses
 * longer for a service that keeps dying, and neither can make the local tasks, which are no
 * services, end with the stack. Here one process is the parent of all. As their subreaper it also
 * adopts the supervisors of local tasks. When it is killed, the kernel ends its children. */
#include "stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/self_config.h"
#include "buf.h"
#include "clock.h"
#include "config/config_warn.h"
#include "log.h"
#include "metrics.h"
#include "runner.h"
#include "runner_local.h"
#include "signals.h"
#include "state_folder.h"
#include "store/db.h"

#include "answers.h"
#include "privileges.h"
#include "process_figures.h"

enum { PROXYD, WEB, API, SYNC }; /* the order in which they are stopped */

#define READY_TIMEOUT_MS 30000
#define FIGURES_MS       5000
#define DRAIN_MS         30000
#define STOP_MS          5000
#define TASKS_STOP_MS    8000 /* longer than a local task's own grace */

/* --- before anything runs --------------------------------------------------------------------- */

static int make_folder(const char *path, struct err *e)
{
    struct stat st;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_system(e, errno, "cannot make the state folder %s (-state names it)", path);
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(e, ERR_INVALID, "the state folder %s is not a folder (-state names it)",
                       path);
    if (access(path, W_OK | X_OK) < 0)
        return err_system(e, errno, "the state folder %s is not writable (-state names it)", path);
    return 0;
}

static int prepare_state(struct stack *s, struct err *e)
{
    const char *given = s->program->options.state;
    uid_t user = geteuid();
    char *absolute;

    if (s->user && privileges_uid(s->user, &user, e) < 0)
        return -1;
    if (state_folder_check(given, user, e) < 0 || make_folder(given, e) < 0)
        return -1;
    if (state_folder_check(given, user, e) < 0) /* it may be there only now */
        return -1;
    absolute = realpath(given, NULL);
    if (!absolute)
        return err_system(e, errno, "cannot find the state folder %s", given);
    s->state = arena_strdup(&s->arena, absolute);
    free(absolute);
    if (strlen(s->state) + sizeof "/run/api.sock" > sizeof((struct sockaddr_un *)NULL)->sun_path)
        return err_set(e, ERR_INVALID,
                       "the state folder's path is too long for the sockets in it (over %zu "
                       "bytes): %s; name a shorter one with -state",
                       sizeof((struct sockaddr_un *)NULL)->sun_path - sizeof "/run/api.sock",
                       s->state);
    return 0;
}

/* A link by this name, which only a service that somebody got the better of would put there, is not
 * followed: this may still be root. */
static int take_lock(struct stack *s, struct err *e)
{
    const char *path = arena_printf(&s->arena, "%s/lock", s->state);

    s->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return err_system(e, errno, "cannot open %s", path);
    if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
        return err_set(e, ERR_INVALID,
                       "another mirage-ecs runs with the state folder %s; stop it, or name "
                       "another with -state",
                       s->state);
    return 0;
}

/* A folder of root's is locked before it is given away: a stack may run in it. In another, the user
 * makes all that there is to make. */
static int settle_in(struct stack *s, struct err *e)
{
    struct stat st;

    if (s->user) {
        if (stat(s->state, &st) == 0 && st.st_uid == 0 && take_lock(s, e) < 0)
            return -1;
        if (privileges_become(s->user, s->state, e) < 0)
            return -1;
    }
    if (s->lock < 0 && take_lock(s, e) < 0)
        return -1;
    if (state_folder_check_entries(s->state, e) < 0 ||
        make_folder(arena_printf(&s->arena, "%s/run", s->state), e) < 0 ||
        metrics_make(s->state, e) < 0)
        return -1;
    metrics_join(s->state);
    return 0;
}

static int check_database(const struct stack *s, struct err *e)
{
    struct db *db;
    int rc;

    if (db_open_state(&db, s->state, e) < 0)
        return -1;
    rc = db_check(db, e);
    db_close(db);
    return rc;
}

static int check_runner(const struct stack *s, struct err *e)
{
    struct runner *r;

    if (runner_open(&r, s->program->config, s->state, e) < 0)
        return -1;
    runner_close(r);
    return 0;
}

/* Writes the configuration in effect, which the children read: what was fetched and filled in is so
 * only once, and a file that is changed meanwhile is not half in force. */
static int write_config(struct stack *s, struct err *e)
{
    struct buf text = {0};
    char *dump;
    int rc = 0;

    s->conf = arena_printf(&s->arena, "%s/run/mirage.yaml", s->state);
    if (self_config_htmldir(s->program->config, s->state, e) < 0)
        return -1;
    dump = config_dump(s->program->config, CONFIG_REVEALED);
    buf_str(&text, dump);
    if (buf_write_file(&text, s->conf) < 0)
        rc = err_system(e, errno, "cannot write %s", s->conf);
    buf_free(&text);
    free(dump);
    return rc;
}

static void warn(const char *text)
{
    log_warn("%s", text);
}

/* The configuration in effect goes by way of memory: there may be no state folder yet, and in that
 * of a stack that runs nothing may change. */
int stack_check(struct program *program, struct err *e)
{
    struct arena a = {0};
    int fd = memfd_create("configuration", 0), status = 0;
    char *dump = config_dump(program->config, CONFIG_REVEALED);
    const char *argv[] = {arena_printf(&a, "%s/mirage-api", config_program_dir(&a)),
                          "-t",
                          "-conf",
                          arena_printf(&a, "/proc/self/fd/%d", fd),
                          program->config->local ? "-local=true" : "-local=false",
                          "-log-format",
                          program->options.log_format == LOG_FORMAT_JSON ? "json" : "text",
                          NULL};
    struct child api = {.name = "mirage-api", .argv = argv};
    int rc = -1;

    e->text[0] = '\0';
    config_warn_of_strangers(program->config, warn);
    config_warn_of_sleep(program->config, warn);
    setenv("MIRAGE_STACK_PID", "0", 1); /* what is to be warned about was */
    if (fd < 0 || dprintf(fd, "%s", dump) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        err_system(e, errno, "cannot keep the configuration in memory");
    else if (access(argv[0], X_OK) < 0)
        err_system(e, errno, "cannot run %s", argv[0]);
    else if (child_start(&api, e) == 0 && waitpid(api.pid, &status, 0) == api.pid && status == 0)
        rc = 0;
    else if (WIFSIGNALED(status))
        err_set(e, ERR_INTERNAL, "mirage-api %s", child_describe_end(status));
    if (fd >= 0)
        close(fd);
    free(dump);
    arena_free(&a);
    return rc;
}

/* Whether the argument is for mirage-ecs alone: -user, and -env-file, whose variables the programs
 * inherit, and which their user need not be able to read. *behind: its value is the next argument.
 */
static bool is_own_option(const char *argument, bool *behind)
{
    static const char *const names[] = {STACK_USER_OPTION, OPTION_ENV_FILE};
    const char *name = argument + strspn(argument, "-");
    size_t len = strcspn(name, "=");

    *behind = !name[len];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (*argument == '-' && strlen(names[i]) == len && !strncmp(name, names[i], len))
            return true;
    return false;
}

/* One of ours, with this program's own arguments, the absolute state folder, the configuration in
 * effect, and one option more. */
static struct child ours(struct stack *s, const char *name, int argc, char **argv,
                         const char *option, const char *value)
{
    const char **args = arena_array(&s->arena, (size_t)argc + 8, sizeof *args);
    size_t n = 0;
    bool behind;

    args[n++] = arena_printf(&s->arena, "%s/%s", config_program_dir(&s->arena), name);
    for (int i = 1; i < argc; i++)
        if (is_own_option(argv[i], &behind))
            i += behind;
        else
            args[n++] = argv[i];
    args[n++] = "-state";
    args[n++] = s->state;
    args[n++] = "-conf";
    args[n++] = s->conf;
    if (option) {
        args[n++] = option;
        args[n++] = value;
    }
    return (struct child){.name = name, .argv = args};
}

static int name_children(struct stack *s, int argc, char **argv, struct err *e)
{
    const char *run = arena_printf(&s->arena, "%s/run", s->state);
    const char *api = arena_printf(&s->arena, "%s/api.sock", run);

    if (web_server_prepare(&s->web, &s->children[WEB], &s->arena, s->program->config, run,
                           config_data_dir(&s->arena), e) < 0)
        return -1;
    s->children[PROXYD] = ours(s, "mirage-proxyd", argc, argv, "-web", s->web.target);
    s->children[PROXYD].listens = true;
    s->children[PROXYD].prints = strcmp(s->program->config->log.access, "off") != 0;
    s->children[WEB].listens = s->program->config->web.listen;
    s->children[API] = ours(s, "mirage-api", argc, argv, "-socket", api);
    s->children[SYNC] = ours(s, "mirage-sync", argc, argv, NULL, NULL);
    for (size_t i = 0; i < STACK_CHILDREN; i++)
        if (access(s->children[i].argv[0], X_OK) < 0)
            return err_system(e, errno, "cannot run %s%s%s", s->children[i].argv[0],
                              s->user ? " as " : "", s->user ? s->user : "");
    return 0;
}

static void name_url(struct stack *s)
{
    const struct config *c = s->program->config;
    long port = c->listen.http[0].listen;

    s->url = port == 80 ? arena_printf(&s->arena, "http://%s/", c->host.webapi)
                        : arena_printf(&s->arena, "http://%s:%ld/", c->host.webapi, port);
}

int stack_prepare(struct stack *s, const struct program *program, const char *user, int argc,
                  char **argv, struct err *e)
{
    char pid[16];

    *s = (struct stack){.program = program,
                        .lock = -1,
                        .signals = -1,
                        .web = {.held = -1, .log = {.in = -1, .out = -1}}};
    config_warn_of_strangers(program->config, warn);
    config_warn_of_sleep(program->config, warn);
    /* What does not run at all leaves no folder behind. */
    if (!program->config->local && check_runner(s, e) < 0)
        return -1;
    s->user = user;
    if (prepare_state(s, e) < 0 || settle_in(s, e) < 0 || check_database(s, e) < 0 ||
        check_runner(s, e) < 0 || write_config(s, e) < 0 || name_children(s, argc, argv, e) < 0)
        return -1;
    if (geteuid() == 0)
        log_warn("running as root: -user NAME makes it somebody who may do less");
    name_url(s);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("MIRAGE_STACK_PID", pid, 1); /* the local tasks' supervisors end when we do */
    setenv("MIRAGE_LOG_FORMAT", program->options.log_format == LOG_FORMAT_JSON ? "json" : "text",
           1); /* they get no options */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    s->signals = signals_watch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0});
    return s->signals < 0 ? err_system(e, errno, "cannot watch signals") : 0;
}

/* --- running ---------------------------------------------------------------------------------- */

/* The child that has ended, its status in *status; NULL when none has. Reaps adopted processes. */
static struct child *reap(struct stack *s, int *status)
{
    pid_t pid;

    while ((pid = waitpid(-1, status, WNOHANG)) > 0)
        for (size_t i = 0; i < STACK_CHILDREN; i++)
            if (s->children[i].pid == pid) {
                if (i == WEB)
                    child_end_group(pid);
                return &s->children[i];
            }
    return NULL;
}

/* Waits up to ms for a signal, or for a line of the web server's, which goes to our log. true when
 * a signal asks to end. */
static bool wait_signal(struct stack *s, int64_t ms)
{
    struct pollfd p[] = {{.fd = s->signals, .events = POLLIN},
                         {.fd = s->web.log.in, .events = POLLIN}};
    bool end = false;
    int number;

    poll(p, 2, ms > 60000 ? 60000 : ms < 0 ? 0 : (int)ms);
    child_log_pass_on(&s->web.log, clock_monotonic_ms());
    while ((number = signals_next(s->signals)) != 0) {
        end = end || number == SIGTERM || number == SIGINT;
        if (number == SIGHUP && s->children[PROXYD].pid) /* it opens its access log anew */
            kill(s->children[PROXYD].pid, SIGHUP);
    }
    return end;
}

/* Whether our own proxyd accepts connections: on the port, somebody else's might answer. */
static bool proxyd_listens(struct stack *s)
{
    struct buf text = {0}, path = {0};
    bool ours;

    buf_printf(&path, "%s/run/proxyd.pid", s->state);
    ours = buf_read_file(&text, buf_text(&path), 32) == 0 &&
           strtol(buf_text(&text), NULL, 10) == s->children[PROXYD].pid;
    buf_free(&text);
    buf_free(&path);
    return ours;
}

/* Whether mirage-api accepts connections: asked before, the web server would take it for dead, say
 * so, and wait for a second. */
static bool api_listens(struct stack *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX}; /* prepare_state() saw to the length */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool accepts;

    snprintf(at.sun_path, sizeof at.sun_path, "%s/run/api.sock", s->state);
    accepts = fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0)
        close(fd);
    return accepts;
}

static enum answers ask(struct stack *s, bool *listen)
{
    *listen = *listen || (proxyd_listens(s) && api_listens(s));
    return *listen ? answers(s->program->config) : ANSWERS_NOT;
}

static int start_children(struct stack *s, struct err *e)
{
    static const int order[STACK_CHILDREN] = {API, WEB, SYNC, PROXYD};

    for (size_t i = 0; i < STACK_CHILDREN; i++)
        if (child_start(&s->children[order[i]], e) < 0)
            return -1;
    return 0;
}

/* No child may end before the stack is ready. */
static int check_children(struct stack *s, struct err *e)
{
    int status;
    struct child *dead = reap(s, &status);

    if (!dead)
        return 0;
    dead->pid = 0;
    return err_set(e, ERR_INTERNAL, "%s %s before the stack was ready; its own line above says why",
                   dead->name, child_describe_end(status));
}

enum stack_started stack_start(struct stack *s, struct err *e)
{
    int64_t end = clock_monotonic_ms() + READY_TIMEOUT_MS;
    enum answers got;
    bool listen = false;

    if (start_children(s, e) < 0)
        return STACK_FAILED;
    while ((got = ask(s, &listen)) != ANSWERS_ALL) {
        if (check_children(s, e) < 0)
            return STACK_FAILED;
        if (clock_monotonic_ms() > end)
            break;
        if (wait_signal(s, 20))
            return STACK_TOLD_TO_END;
    }
    if (got == ANSWERS_NOT) {
        err_set(e, ERR_INTERNAL, "the stack did not answer within %d s", READY_TIMEOUT_MS / 1000);
        return STACK_FAILED;
    }
    if (got == ANSWERS_API)
        log_warn("tasks could not be looked at yet; sync's own lines above say why");
    return STACK_READY;
}

/* Starts again what is due. Returns ms until the next is. */
static int64_t start_due(struct stack *s)
{
    int64_t now = clock_monotonic_ms(), next = 60000;
    struct err e;

    for (size_t i = 0; i < STACK_CHILDREN; i++) {
        struct child *c = &s->children[i];
        if (c->pid)
            continue;
        if (c->start_again_at > now)
            next = c->start_again_at - now < next ? c->start_again_at - now : next;
        else if (child_start(c, &e) < 0) {
            log_error("%s", e.text);
            c->start_again_at = now + 1000;
            next = next < 1000 ? next : 1000;
        }
    }
    return next;
}

/* Notes them, where somebody reads them. Returns ms until they are to be noted again, `ms` at most.
 */
static int64_t note_figures(struct stack *s, int64_t ms)
{
    static const enum metric_program programs[STACK_CHILDREN] = {
        [PROXYD] = METRIC_PROXYD, [WEB] = METRIC_WEB, [API] = METRIC_API, [SYNC] = METRIC_SYNC};
    int64_t now = clock_monotonic_ms();

    if (!s->program->config->listen.metrics)
        return ms;
    if (now >= s->figures_at) {
        for (size_t i = 0; i < STACK_CHILDREN; i++)
            process_figures(&s->children[i], &metrics->processes[programs[i]]);
        s->figures_at = now + FIGURES_MS;
    }
    return s->figures_at - now < ms ? s->figures_at - now : ms;
}

void stack_supervise(struct stack *s)
{
    struct child *dead;
    int status;

    for (;;) {
        if (wait_signal(s, note_figures(s, start_due(s))))
            return;
        while ((dead = reap(s, &status))) {
            child_ended(dead, status);
            s->figures_at = 0; /* at once: that it has died */
        }
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void stop_child(struct stack *s, struct child *c, int64_t patience_ms)
{
    int64_t end = clock_monotonic_ms() + patience_ms;
    struct child *dead;
    int status;

    if (c->pid)
        kill(c->pid, c->stop_signal ? c->stop_signal : SIGTERM);
    while (c->pid) {
        if (clock_monotonic_ms() >= end)
            kill(c->pid, SIGKILL);
        if (wait_signal(s, 100))
            end = 0; /* asked again: hurry */
        while ((dead = reap(s, &status)))
            dead->pid = 0;
    }
}

/* The parent of a process as /proc/<pid>/stat says, 0 when it is gone. */
static pid_t parent_of(const char *pid)
{
    struct buf text = {0}, path = {0};
    const char *p;
    int parent = 0;

    buf_printf(&path, "/proc/%s/stat", pid);
    if (buf_read_file(&text, buf_text(&path), 4096) == 0 && (p = strrchr(buf_text(&text), ')')))
        parent = (int)strtol(p + (p[1] ? 4 : 1), NULL, 10); /* ") S <parent>" */
    buf_free(&path);
    buf_free(&text);
    return parent;
}

static void signal_adopted(int number)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    if (!proc)
        return;
    while ((entry = readdir(proc)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            parent_of(entry->d_name) == getpid())
            kill((pid_t)atoi(entry->d_name), number);
    closedir(proc);
}

void stack_stop(struct stack *s)
{
    int64_t end;
    int status;

    for (size_t i = 0; i < STACK_CHILDREN; i++)
        stop_child(s, &s->children[i], i == PROXYD ? DRAIN_MS : STOP_MS);
    signal_adopted(SIGTERM);
    end = clock_monotonic_ms() + TASKS_STOP_MS;
    while (waitpid(-1, &status, WNOHANG) >= 0) { /* -1: no process of ours is left */
        if (wait_signal(s, 50) || clock_monotonic_ms() >= end) {
            signal_adopted(SIGKILL);
            end = 0;
        }
    }
    /* An API outside of this stack, with the same state folder, may have launched some too. */
    end = clock_monotonic_ms() + TASKS_STOP_MS;
    while (runner_local_end_all(s->state) > 0 && clock_monotonic_ms() < end)
        if (wait_signal(s, 50))
            break;
}

void stack_end(struct stack *s)
{
    if (s->signals >= 0)
        close(s->signals);
    if (s->lock >= 0)
        close(s->lock);
    web_server_end(&s->web);
    arena_free(&s->arena);
}
