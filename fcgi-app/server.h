/* The threads that answer requests. */
#ifndef MIRAGE_SERVER_H
#define MIRAGE_SERVER_H

#include "config/config.h"
#include "err.h"

#include "template.h"

enum { SERVER_THREADS_MAX = 256 };

struct server_setup {
    const struct config *config;
    const char *state_dir;
    const struct templates *templates;
    const struct zone *zone; /* sleep.timezone */
    struct oidc *oidc;       /* NULL: not configured */
    int listen_fd;           /* does not block */
    int threads;
};

/* Answers requests until SIGTERM or SIGINT, then finishes those in flight, at most 30 s. 0, or -1
 * when it could not start. Blocks signals and ignores SIGPIPE; call it from the only thread. */
int server_run(const struct server_setup *setup, struct err *e) __attribute__((warn_unused_result));

#endif
