/* mirage-ecs: starts the whole stack, keeps it running, and ends it. */
#include <stdio.h>
#include <string.h>

#include "aws/self_config.h"
#include "config/config_fetch.h"
#include "log.h"
#include "program.h"

#include "stack.h"

/* What another program's configuration is, for one that does not speak AWS's protocols. */
static int print_object(const char *url)
{
    struct buf text = {0};
    struct err e;
    int rc = self_config_fetch(url, &text, &e);

    if (rc < 0)
        log_error("%s", e.text);
    else
        rc = fwrite(buf_text(&text), 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? 0
                                                                                             : -1;
    buf_free(&text);
    return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    const char *user = NULL;
    const struct option_extra extras[] = {
        {.name = STACK_USER_OPTION,
         .argument = "NAME",
         .help = "started by root: become this user, and let nothing run as root",
         .value = &user},
        {0},
    };
    struct program program = {
        .name = "mirage-ecs",
        .summary = "Starts and supervises the whole stack: proxy, web server, API and sync.",
        .extras = extras,
        .source = &self_config_source,
        .check = stack_check,
    };
    struct stack stack;
    enum stack_started started;
    struct err e = {0};
    int status;

    if (argc == 3 && !strcmp(argv[1], CONFIG_FETCH_OPTION))
        return print_object(argv[2]);
    status = program_start(&program, argc, argv);
    if (status != PROGRAM_GOES_ON)
        return status;
    status = 1;
    if (stack_prepare(&stack, &program, user, argc, argv, &e) < 0) {
        log_error("%s", e.text);
        goto out;
    }
    started = stack_start(&stack, &e);
    if (started == STACK_READY) {
        printf("mirage-ecs ready: %s\n", stack.url);
        fflush(stdout);
        stack_supervise(&stack);
        log_info("stopping");
    }
    stack_stop(&stack);
    if (started == STACK_FAILED)
        log_error("%s", e.text); /* the last line: it is looked at first */
    else
        status = 0;
out:
    stack_end(&stack);
    program_end(&program);
    return status;
}
