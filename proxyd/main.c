/* mirage-proxyd: brings every request to its task by the Host it names. */
#include <stdio.h>

#include "config_fetch.h"
#include "log.h"
#include "options.h"
#include "server.h"

int main(int argc, char **argv)
{
    const char *web = NULL, *pid_file;
    const struct option_extra extras[] = {
        {.name = "web",
         .argument = "unix:PATH|ADDRESS:PORT",
         .help = "the web server for the web API's host (default unix:STATE/run/web.sock)",
         .value = &web},
        {0},
    };
    struct program program = {
        .name = "mirage-proxyd",
        .summary = "The reverse proxy: brings every request to its task by the Host it names.",
        .extras = extras,
        .source = &config_fetch_source,
    };
    struct arena a = {0};
    struct err e = {0};
    struct target target;
    struct db *db = NULL;
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    pid_file = arena_printf(&a, "%s/run/proxyd.pid", program.options.state);
    if (!web)
        web = arena_printf(&a, "unix:%s/run/web.sock", program.options.state);
    if (!target_parse(&target, web)) {
        fprintf(stderr,
                "mirage-proxyd: option -web: expected unix:PATH or ADDRESS:PORT, got '%s'\n", web);
        status = 2;
        goto out;
    }
    status = 0;
    if (db_open_state(&db, program.options.state, &e) < 0 ||
        server_run(program.config, db, &target, pid_file, &e) < 0) {
        log_error("%s", e.text);
        status = 1;
    }
out:
    db_close(db);
    arena_free(&a);
    program_end(&program);
    return status;
}
