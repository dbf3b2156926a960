/* The start that all programs have in common: options, then configuration, then log. */
#ifndef MIRAGE_PROGRAM_H
#define MIRAGE_PROGRAM_H

#include "config/config.h"
#include "config/options.h"
#include "err.h"

struct program {
    const char *name;                  /* "mirage-api" */
    const char *summary;               /* one sentence for -help */
    const struct option_extra *extras; /* ends with a NULL name; NULL: none */
    const struct config_source *source;
    /* What -t checks in addition to the configuration; NULL: nothing. With an empty sentence in *e,
     * it has said itself what is wrong. */
    int (*check)(struct program *p, struct err *e);
    struct options options;
    struct config *config; /* set by program_start(); program_end() frees it */
};

#define PROGRAM_GOES_ON (-1)

/* Reads options and configuration, sets up the log, and answers -help, -version, -x and -t. Returns
 * PROGRAM_GOES_ON, or the status to exit with: 0, 1 (configuration) or 2 (usage). The message has
 * been printed then. */
int program_start(struct program *p, int argc, char **argv) __attribute__((warn_unused_result));
void program_end(struct program *p);

#endif
