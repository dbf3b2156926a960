#include "config_fetch.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"

#define OBJECT_LIMIT (1024 * 1024)

extern char **environ;

/* Starts mirage-ecs with its output in a pipe. Its own log line says what is wrong. */
static int start(const char *program, const char *url, pid_t *pid, struct err *e)
{
    const char *argv[] = {program, CONFIG_FETCH_OPTION, url, NULL};
    posix_spawn_file_actions_t actions;
    int fds[2], rc;

    if (pipe(fds) < 0)
        return err_system(e, errno, "cannot make a pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawn_file_actions_addclose(&actions, fds[1]);
    rc = posix_spawn(pid, program, &actions, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (rc == 0)
        return fds[0];
    close(fds[0]);
    return err_system(e, rc, "cannot run %s", program);
}

static int fetch(const char *url, struct buf *text, struct err *e)
{
    struct arena a = {0};
    const char *program = arena_printf(&a, "%s/mirage-ecs", config_program_dir(&a));
    char piece[4096];
    pid_t pid;
    int fd = start(program, url, &pid, e), status = -1;
    ssize_t n;

    if (fd >= 0) {
        while ((n = read(fd, piece, sizeof piece)) > 0 && text->len <= OBJECT_LIMIT)
            buf_add(text, piece, (size_t)n);
        close(fd);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (status != 0)
            err_set(e, ERR_REFUSED, "%s: %s could not read it", url, program);
    }
    arena_free(&a);
    return fd >= 0 && status == 0 ? 0 : -1;
}

const struct config_source config_fetch_source = {.fetch = fetch};
