/* The main thread of proxyd: it starts the workers, gives them new routes, writes what they
 * counted, and ends them. It touches no client. */
#ifndef MIRAGE_PROXYD_SERVER_H
#define MIRAGE_PROXYD_SERVER_H

#include "config.h"
#include "db.h"
#include "err.h"
#include "target.h"

/* Once it accepts connections, `pid_file` holds this process's id: mirage-ecs looks there, since
 * what answers on the port may be somebody else.
 *
 * Serves until SIGTERM or SIGINT, and until what was in flight then has its answer, at most 30 s.
 * `web`: where requests for the web API's host go. 0, or -1 when it could not begin. */
int server_run(const struct config *config, struct db *db, const struct target *web,
               const char *pid_file, struct err *e) __attribute__((warn_unused_result));

#endif
