/* The command line that all programs share, and their common start: options, then configuration,
 * then log. Every option has an environment variable MIRAGE_<NAME>, with `_` for `-`; the command
 * line wins. One dash or two; `-name value` or `-name=value`. */
#ifndef MIRAGE_OPTIONS_H
#define MIRAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "err.h"
#include "log.h"

struct options {
    const char *conf;   /* -conf FILE; NULL: defaults only */
    const char *domain; /* -domain, with its leading dot; NULL: not given */
    long default_port;  /* -default-port; 0: not given */
    bool local;         /* -local */
    bool compat_v1;     /* -compat-v1 */
    enum log_format log_format;
    enum log_level log_level;
    const char *state; /* -state */
    bool print_config; /* -x */
    bool check;        /* -t */
};

/* An option that only one program has. Its value is a text; that of a flag is "true" or "false". */
struct option_extra {
    const char *name;
    bool is_flag;
    const char *argument; /* its value's name in -help, such as "PATH" */
    const char *help;
    const char **value;       /* not changed when the option is not given */
    struct option_list *list; /* instead of value: the option may be given several times */
};

#define OPTION_LIST_MAX 256

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t len;
    bool is_environments; /* from the environment: the command line replaces it */
};

struct program {
    const char *name;                  /* "mirage-api" */
    const char *summary;               /* one sentence for -help */
    const struct option_extra *extras; /* ends with a NULL name; NULL: none */
    const struct config_source *source;
    /* What -t checks in addition to the configuration; NULL: nothing. An empty sentence in *e: it
     * has already said what is wrong. */
    int (*check)(struct program *p, struct err *e);
    struct options options;
    struct config *config; /* set by program_start(); program_end() frees it */
};

#define PROGRAM_GOES_ON (-1)

/* Reads options and configuration, sets up the log, and answers -help, -version, -x and -t. Returns
 * PROGRAM_GOES_ON, or the status to exit with: 0, 1 (configuration) or 2 (usage). The message is
 * printed then. */
int program_start(struct program *p, int argc, char **argv) __attribute__((warn_unused_result));
void program_end(struct program *p);

#endif
