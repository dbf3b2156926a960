/* The access log (log.access): a line for each request that has ended. A worker puts the line into
 * a ring of its own, and one thread writes what is in the rings: a reader that stops reading holds
 * up that thread alone. What finds no room in the ring is lost, and counted. */
#ifndef MIRAGE_PROXYD_ACCESS_LOG_H
#define MIRAGE_PROXYD_ACCESS_LOG_H

#include <stdint.h>

#include "config/config.h"
#include "err.h"

#include "http.h"

struct access_log;
struct access_note;
struct conn;

/* Opens what log.access names, for so many workers, and starts its thread; *log is NULL where there
 * is none to write. access_log_close() frees. */
int access_log_open(struct access_log **log, const struct config *config, unsigned workers,
                    struct err *e) __attribute__((warn_unused_result));

/* Writes what there is, for up to a second. Nobody may add any more. NULL is fine. */
void access_log_close(struct access_log *log);

/* Main thread: opens the file anew, as after its being renamed (SIGHUP). */
void access_log_reopen(struct access_log *log);

/* How many lines could not be written. Of NULL none. */
uint64_t access_log_lost(const struct access_log *log) __attribute__((warn_unused_result));

/* Worker thread: notes what the line has to say of the request; it is forgotten with the head. */
void access_log_note(struct conn *c, const struct http_request *r);

/* The task that answers it is that of the connection's upstream. */
void access_log_note_task(struct conn *c);

/* The request has ended, after so long: adds its line, and frees what was noted. */
void access_log_add(struct conn *c, int64_t us, uint64_t bytes);

#endif
