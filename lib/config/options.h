/* The command line that all programs share. Every option has an environment variable MIRAGE_<NAME>,
 * with `_` for `-`; the command line wins. One dash or two; `-name value` or `-name=value`. */
#ifndef MIRAGE_OPTIONS_H
#define MIRAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

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
    const char
        *env_file;     /* -env-file, whose variables are in the environment now; NULL: not given */
    bool print_config; /* -x */
    bool check;        /* -t */
    bool help;         /* -help */
    bool version;      /* -version */
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

#define OPTION_ENV_FILE "env-file"

/* Reads the file of -env-file into the environment, which no program started later has to do again:
 * MIRAGE_ENV_FILE is taken out of it. Reads the environment's variables, then the command line,
 * into *o and the extras' values, which point into both. extras: ends with a NULL name; NULL: none.
 */
int options_read(struct options *o, const struct option_extra *extras, int argc, char **argv,
                 struct err *e) __attribute__((warn_unused_result));

/* The answer to -help, on standard output. */
void options_print_help(const char *program, const char *summary,
                        const struct option_extra *extras);

#endif
