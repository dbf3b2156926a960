/* mirage-api: the JSON API and the pages, as a FastCGI responder. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/oidc.h"
#include "aws/self_config.h"
#include "log.h"
#include "metrics.h"
#include "program.h"
#include "zone.h"

#include "htmldir.h"
#include "listen.h"
#include "server.h"
#include "template.h"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

static int read_threads(const char *text, struct err *e)
{
    char *end;
    long threads = strtol(text, &end, 10);

    if (end == text || *end || threads < 1 || threads > SERVER_THREADS_MAX)
        return err_set(e, ERR_INVALID, "-threads %s: a number from 1 to %d is expected", text,
                       SERVER_THREADS_MAX);
    return (int)threads;
}

static int serve(const struct program *program, const char *socket_path, const char *threads)
{
    struct server_setup setup = {
        .config = program->config,
        .state_dir = program->options.state,
        .listen_fd = -1,
    };
    struct templates *templates = NULL;
    struct zone zone = {0};
    struct err e;
    int status = STATUS_USAGE;

    setup.threads = read_threads(threads, &e);
    if (setup.threads < 0)
        goto fail;
    if (!socket_path && (setup.listen_fd = listen_inherited(&e)) < 0)
        goto fail;
    status = STATUS_FAILED;
    /* While no other thread runs. */
    if (zone_load(&zone, program->config->sleep.timezone, &e) < 0)
        goto fail;
    setup.zone = &zone;
    if (htmldir_load(&templates, program->config, program->options.state, &e) < 0 ||
        oidc_open(&setup.oidc, program->config, &e) < 0)
        goto fail;
    setup.templates = templates;
    if (socket_path && (setup.listen_fd = listen_open(socket_path, &e)) < 0)
        goto fail;
    if (server_run(&setup, &e) < 0)
        goto fail;
    status = STATUS_OK;
    goto out;
fail:
    log_error("%s", e.text);
out:
    if (setup.listen_fd >= 0 && socket_path) {
        unlink(socket_path);
        close(setup.listen_fd);
    }
    oidc_close(setup.oidc);
    templates_free(templates);
    zone_free(&zone);
    return status;
}

/* -t: all but the socket. */
static int check(struct program *program, struct err *e)
{
    struct oidc *oidc;

    if (htmldir_check(program->config, e) < 0 || oidc_open(&oidc, program->config, e) < 0)
        return -1;
    oidc_close(oidc);
    return 0;
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
        .check = check,
    };
    int status = program_start(&program, argc, argv);

    if (status == PROGRAM_GOES_ON) {
        metrics_join(program.options.state);
        status = serve(&program, socket_path, threads);
    }
    program_end(&program);
    return status;
}
