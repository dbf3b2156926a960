/* The stack's web server: which one it is, how it is started, and where mirage-proxyd finds it. */
#ifndef MIRAGE_STACK_WEB_SERVER_H
#define MIRAGE_STACK_WEB_SERVER_H

#include "arena.h"
#include "config/config.h"
#include "err.h"

#include "child.h"
#include "child_log.h"

struct web_server {
    const char *target; /* for mirage-proxyd's -web */
    int held;           /* the socket that keeps Apache's port; -1: none */
    struct child_log log;
};

/* Chooses the web server by the configuration, and checks that it is installed and that its port is
 * free. Sets *child, and the variables that the web server's configuration in `data` reads. `run`
 * is the folder of the sockets. Strings are the arena's. web_server_end() closes, also after a
 * failure. */
int web_server_prepare(struct web_server *w, struct child *child, struct arena *a,
                       const struct config *config, const char *run, const char *data,
                       struct err *e) __attribute__((warn_unused_result));

void web_server_end(struct web_server *w);

#endif
