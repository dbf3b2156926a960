/* mirage-ecs: starts the whole stack, keeps it running, and ends it. */
#include <stdio.h>

#include "log.h"
#include "options.h"
#include "stack.h"

int main(int argc, char **argv)
{
    struct program program = {
        .name = "mirage-ecs",
        .summary = "Starts and supervises the whole stack: proxy, web server, API and sync.",
    };
    struct stack stack;
    struct err e = {0};
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    status = 1;
    if (stack_prepare(&stack, &program, argc, argv, &e) < 0) {
        log_error("%s", e.text);
        goto out;
    }
    if (stack_start(&stack, &e) == 0) {
        printf("mirage-ecs ready: %s\n", stack.url);
        fflush(stdout);
        stack_supervise(&stack);
        log_info("stopping");
        status = 0;
    } else if (*e.text)
        log_error("%s", e.text);
    else
        status = 0; /* a signal asked for the end before the start was over */
    stack_stop(&stack);
out:
    stack_end(&stack);
    program_end(&program);
    return status;
}
