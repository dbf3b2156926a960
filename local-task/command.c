#include "command.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "inherited.h"
#include "json.h"

#include "page.h"

#define EXEC_FAILED 127

static void set_env_from(const json_t *object)
{
    const char *name;
    const json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, name, value)
        setenv(name, json_string_value(value), 1);
}

/* The task's environment: as little of ours as a program needs, what mirage sets, its ports. */
static void make_environment(const json_t *task, const json_t *ports)
{
    static const char *const kept[] = {"PATH",   "HOME", "USER",   "LANG",
                                       "LC_ALL", "TZ",   "TMPDIR", NULL};
    char name[32], text[16];
    const json_t *port;
    size_t i;

    inherited_keep(kept);
    set_env_from(json_object_get(task, "extra_env"));
    set_env_from(json_object_get(task, "env"));
    json_array_foreach (ports, i, port) {
        snprintf(text, sizeof text, "%d", (int)json_integer_value(json_object_get(port, "port")));
        snprintf(name, sizeof name, "PORT_%d",
                 (int)json_integer_value(json_object_get(port, "container_port")));
        if (i == 0)
            setenv("PORT", text, 1);
        setenv(name, text, 1);
    }
}

/* The sentence goes to the task's log, and to `not_run`, which a program that runs has not. */
static void __attribute__((noreturn)) exec_command(const json_t *command, int not_run)
{
    struct buf why = {0};
    size_t n = json_array_size(command);
    char **argv = calloc(n + 1, sizeof *argv);

    for (size_t i = 0; argv && i < n; i++)
        argv[i] = strdup(json_string_value(json_array_get(command, i)));
    if (argv)
        execvp(argv[0], argv);
    buf_printf(&why, "cannot run %s: %s", argv ? argv[0] : "", strerror(errno));
    dprintf(STDERR_FILENO, "%s\n", buf_text(&why));
    dprintf(not_run, "%s", buf_text(&why));
    _exit(EXEC_FAILED);
}

bool command_is_given(const json_t *task)
{
    return json_array_size(json_object_get(task, "command")) > 0;
}

void command_run(const json_t *task, const json_t *ports, const int *sockets, size_t n_sockets,
                 int not_run)
{
    make_environment(task, ports);
    if (!command_is_given(task))
        page_serve(sockets, n_sockets, json_member(task, "subdomain"),
                   json_member(task, "taskdef"));
    for (size_t i = 0; i < n_sockets; i++)
        close(sockets[i]);
    exec_command(json_object_get(task, "command"), not_run);
}

void command_run_check(const json_t *task, const json_t *ports)
{
    make_environment(task, ports);
    exec_command(json_object_get(task, "health"), STDERR_FILENO);
}
