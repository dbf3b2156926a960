/* mirage-local-task DIR: runs one local task, which DIR/task.json describes, independently of the
 * program that launched it.
 *
 * The launcher waits until this process has forked. By then the task's folder is locked. The fork
 * leaves the launcher's session. Under mirage-ecs, which adopts it, it ends with the stack. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "local_task.h"
#include "log.h"
#include "supervise.h"

/* mirage-ecs names itself in the environment. Once it has adopted us, its death is to reach us. */
static void follow_stack(void)
{
    const char *named = getenv("MIRAGE_STACK_PID");
    const struct timespec moment = {.tv_nsec = 1000000};
    pid_t stack = named ? (pid_t)atoi(named) : 0;

    for (int tries = 0; stack > 1 && tries < 2000 && getppid() != stack; tries++)
        nanosleep(&moment, NULL);
    if (stack <= 1 || getppid() != stack)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != stack) /* it died in between */
        raise(SIGTERM);
}

/* -help and -version, as the other programs have them. */
static bool answer(const char *argument)
{
    const char *name = argument + strspn(argument, "-");

    if (*argument != '-' || name - argument > 2)
        return false;
    if (!strcmp(name, "help") || !strcmp(name, "h"))
        printf("usage: mirage-local-task DIR\n"
               "Runs one task of this machine, which DIR/task.json describes; mirage-api starts "
               "it.\n\n"
               "  -version\n        print the version and exit\n"
               "  -v\n        the same\n"
               "  -help\n        print this and exit\n"
               "  -h\n        the same\n");
    else if (!strcmp(name, "version") || !strcmp(name, "v"))
        printf("mirage-local-task %s\n", MIRAGE_VERSION);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct err e;
    int lock, null;
    pid_t pid;
    const char *format = getenv("MIRAGE_LOG_FORMAT");

    if (format && !strcmp(format, "json"))
        log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    close_range(3, ~0U, 0); /* the launcher's sockets must not stay open here */
    umask(077);
    if (argc == 2 && answer(argv[1]))
        return 0;
    if (argc != 2 || *argv[1] == '-') {
        log_error("usage: mirage-local-task DIR; mirage-api starts it");
        return 2;
    }
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0) {
        log_error("cannot open /dev/null");
        return 1;
    }
    close(null);
    lock = local_task_lock(argv[1], &e);
    if (lock < 0) {
        log_error("%s", e.text);
        return 1;
    }
    pid = fork();
    if (pid < 0) {
        log_error("cannot fork");
        return 1;
    }
    if (pid > 0)
        _exit(0);
    setsid();
    signal(SIGPIPE, SIG_IGN);
    follow_stack();
    supervise(argv[1]);
    close(lock);
    return 0;
}
