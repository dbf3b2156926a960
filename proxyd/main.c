/* mirage-proxyd: brings every request to its task by the Host it names. */
#include <stdio.h>
#include <string.h>

#include "config/config_fetch.h"
#include "log.h"
#include "program.h"

#include "server.h"

int main(int argc, char **argv)
{
    const char *web = NULL, *sandbox = "true";
    const struct option_extra extras[] = {
        {.name = "web",
         .argument = "unix:PATH|ADDRESS:PORT",
         .help = "the web server for the web API's host (default unix:STATE/run/web.sock)",
         .value = &web},
        {.name = "sandbox",
         .is_flag = true,
         .help = "give up what is not needed: files, system calls (default true; false to debug)",
         .value = &sandbox},
        {0},
    };
    struct program program = {
        .name = "mirage-proxyd",
        .summary = "The reverse proxy: brings every request to its task by the Host it names.",
        .extras = extras,
        .source = &config_fetch_source,
    };
    struct server_setup setup = {0};
    struct arena a = {0};
    struct err e = {0};
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    setup.config = program.config;
    setup.state = program.options.state;
    setup.confined = !strcmp(sandbox, "true");
    if (!web)
        web = arena_printf(&a, "unix:%s/run/web.sock", program.options.state);
    if (!target_parse(&setup.web, web)) {
        fprintf(stderr,
                "mirage-proxyd: option -web: expected unix:PATH or ADDRESS:PORT, got '%s'\n", web);
        status = 2;
        goto out;
    }
    status = 0;
    if (db_open_state(&setup.db, program.options.state, &e) < 0 || server_run(&setup, &e) < 0) {
        log_error("%s", e.text);
        status = 1;
    }
out:
    db_close(setup.db);
    arena_free(&a);
    program_end(&program);
    return status;
}
