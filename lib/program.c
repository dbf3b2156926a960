#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "log.h"

/* Under mirage-ecs, which sets the variable, only mirage-ecs itself warns. */
static void print_warning(const char *text)
{
    if (!getenv("MIRAGE_STACK_PID"))
        log_warn("%s", text);
}

/* Secrets of the configuration, or AWS credentials, will be in memory: no core file, no core for a
 * handler, and no other process of this user looks into it (prctl(2), ptrace(2)). */
static void keep_memory_private(const struct config *config)
{
    const struct rlimit none = {0, 0};

    if (config->local && !config->auth.present)
        return;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

int program_start(struct program *p, int argc, char **argv)
{
    struct err e = {0};

    umask(077); /* what the programs write is this user's alone */
    p->config = NULL;
    if (options_read(&p->options, p->extras, argc, argv, &e) < 0) {
        fprintf(stderr, "%s: %s\n", p->name, e.text);
        return 2;
    }
    if (p->options.help || p->options.version) {
        if (p->options.help)
            options_print_help(p->name, p->summary, p->extras);
        else
            printf("%s %s\n", p->name, MIRAGE_VERSION);
        return 0;
    }
    log_setup(p->options.log_level, p->options.log_format);
    if (config_load(&p->config, &p->options, p->source, print_warning, &e) < 0) {
        log_error("%s", e.text);
        return 1;
    }
    if (p->options.print_config) {
        char *text = config_dump(p->config, CONFIG_MASKED);
        fputs(text, stdout);
        free(text);
    }
    if (p->options.print_config || p->options.check) {
        bool good = !p->options.check || !p->check || p->check(p, &e) == 0;
        if (!good && *e.text)
            log_error("%s", e.text);
        program_end(p);
        return good ? 0 : 1;
    }
    keep_memory_private(p->config);
    return PROGRAM_GOES_ON;
}

void program_end(struct program *p)
{
    config_free(p->config);
    p->config = NULL;
}
