/* The main thread of proxyd: it starts the workers, gives them new routes, writes what they
 * counted, and ends them. It touches no client. */
#ifndef MIRAGE_PROXYD_SERVER_H
#define MIRAGE_PROXYD_SERVER_H

#include <stdbool.h>

#include "config/config.h"
#include "err.h"
#include "store/db.h"

#include "target.h"

struct server_setup {
    const struct config *config;
    const char *state; /* folder */
    struct db *db;
    struct target web; /* where requests for the web API's host go */
    bool confined;     /* gives up what it does not need: confine() */
};

/* Once it accepts connections, STATE/run/proxyd.pid holds this process's id: mirage-ecs looks
 * there, since what answers on the port may be somebody else.
 *
 * Serves until SIGTERM or SIGINT, and until what was in flight then has its answer, at most 30 s.
 * 0, or -1 when it could not begin. */
int server_run(const struct server_setup *setup, struct err *e) __attribute__((warn_unused_result));

#endif
