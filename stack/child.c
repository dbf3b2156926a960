#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "inherited.h"
#include "log.h"

#include "privileges.h"

#define GOOD_RUN_MS  10000
#define PAUSE_MS     100
#define PAUSE_MAX_MS 30000

/* The soft limit alone: its log may be longer. */
static void limit_files(uint64_t size)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size < limit.rlim_cur) {
        limit.rlim_cur = size;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
}

static void become(const struct child *c, pid_t parent)
{
    sigset_t none;
    struct err e;

    if (c->not_as_root && privileges_reduce(&e) < 0) {
        log_error("cannot run %s: %s", c->argv[0], e.text);
        _exit(127);
    }
    privileges_pass_ports(c->listens || c->not_as_root);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* which a change of user would take back */
    if (getppid() != parent)
        _exit(1);
    if (c->log > 0)
        dup2(c->log, STDERR_FILENO);
    if (!c->prints) /* standard output is for the ready line and the access log */
        dup2(STDERR_FILENO, STDOUT_FILENO);
    setpgid(0, 0); /* a Ctrl-C in the terminal reaches mirage-ecs alone, which stops us in order */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (c->file_size_max > 0)
        limit_files(c->file_size_max);
    if (c->variables)
        inherited_keep(c->variables);
    execv(c->argv[0], (char *const *)(uintptr_t)c->argv);
    log_error("cannot run %s: %s", c->argv[0], strerror(errno));
    _exit(127);
}

int child_start(struct child *c, struct err *e)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return err_system(e, errno, "cannot start %s", c->name);
    if (pid == 0)
        become(c, parent);
    c->pid = pid;
    c->starts++;
    c->started_at = clock_monotonic_ms();
    log_debug("started %s (process %d)", c->name, (int)pid);
    return 0;
}

void child_end_group(pid_t pid)
{
    kill(-pid, SIGKILL);
}

const char *child_describe_end(int status)
{
    static char text[64];

    if (WIFEXITED(status))
        snprintf(text, sizeof text, "ended with status %d", WEXITSTATUS(status));
    else
        snprintf(text, sizeof text, "was ended by signal %d", WTERMSIG(status));
    return text;
}

void child_ended(struct child *c, int status)
{
    int64_t now = clock_monotonic_ms(), pause;

    c->deaths = now - c->started_at >= GOOD_RUN_MS ? 0 : c->deaths + 1;
    pause = c->deaths == 0 ? 0 : PAUSE_MS << (c->deaths < 10 ? c->deaths - 1 : 9);
    if (pause > PAUSE_MAX_MS)
        pause = PAUSE_MAX_MS;
    log_warn("%s (process %d) %s; starting it again in %lld ms", c->name, (int)c->pid,
             child_describe_end(status), (long long)pause);
    c->pid = 0;
    c->start_again_at = now + pause;
}
