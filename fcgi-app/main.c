/* mirage-api: the JSON API and the pages, as a FastCGI responder. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "aws/oidc.h"
#include "aws/self_config.h"
#include "log.h"
#include "options.h"

#include "listen.h"
#include "server.h"
#include "template.h"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

/* The folder in force when the configuration names none. */
#define DEFAULT_HTMLDIR "./html"

static int read_threads(const char *text, struct err *e)
{
    char *end;
    long threads = strtol(text, &end, 10);

    if (end == text || *end != '\0' || threads < 1 || threads > SERVER_THREADS_MAX)
        return err_set(e, ERR_INVALID, "-threads %s: a number from 1 to %d is expected", text,
                       SERVER_THREADS_MAX);
    return (int)threads;
}

/* The default stands for the installed pages where the working directory has none. */
static int load_templates(struct templates **templates, struct config *config,
                          const char *state_dir, struct err *e)
{
    struct arena arena = {0};
    const char *installed = arena_printf(&arena, "%s/html", config_data_dir(&arena));
    const char *dir;
    struct stat st;
    int rc;

    if (self_config_htmldir(config, state_dir, e) < 0) {
        arena_free(&arena);
        return -1;
    }
    dir = config->htmldir;
    if (strcmp(dir, DEFAULT_HTMLDIR) == 0 && stat(dir, &st) < 0)
        dir = installed;
    rc = templates_load(templates, dir, installed, e);
    if (rc < 0)
        err_prefix(e, "htmldir");
    arena_free(&arena);
    return rc;
}

static int serve(const struct program *program, const char *socket_path, const char *threads)
{
    struct server_setup setup = {
        .config = program->config,
        .state_dir = program->options.state,
        .listen_fd = -1,
    };
    struct templates *templates = NULL;
    struct err e;
    int status = STATUS_USAGE;

    setup.threads = read_threads(threads, &e);
    if (setup.threads < 0)
        goto fail;
    if (socket_path == NULL && (setup.listen_fd = listen_inherited(&e)) < 0)
        goto fail;
    status = STATUS_FAILED;
    if (load_templates(&templates, program->config, program->options.state, &e) < 0 ||
        oidc_open(&setup.oidc, program->config, &e) < 0)
        goto fail;
    setup.templates = templates;
    if (socket_path != NULL && (setup.listen_fd = listen_open(socket_path, &e)) < 0)
        goto fail;
    if (server_run(&setup, &e) < 0)
        goto fail;
    status = STATUS_OK;
    goto out;
fail:
    log_error("%s", e.text);
out:
    if (setup.listen_fd >= 0 && socket_path != NULL) {
        unlink(socket_path);
        close(setup.listen_fd);
    }
    oidc_close(setup.oidc);
    templates_free(templates);
    return status;
}

int main(int argc, char **argv)
{
    const char *socket_path = NULL;
    const char *threads = "8";
    const struct option_extra extras[] = {
        {.name = "socket",
         .argument = "PATH",
         .help = "listen on this Unix socket (default: descriptor 0)",
         .value = &socket_path},
        {.name = "threads",
         .argument = "N",
         .help = "answer so many requests at once (default 8)",
         .value = &threads},
        {0},
    };
    struct program program = {
        .name = "mirage-api",
        .summary = "The JSON API and the pages of mirage-ecs, as a FastCGI responder.",
        .extras = extras,
        .source = &self_config_source,
    };
    int status = program_start(&program, argc, argv);

    if (status == PROGRAM_GOES_ON)
        status = serve(&program, socket_path, threads);
    program_end(&program);
    return status;
}
