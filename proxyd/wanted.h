/* Environments that sleep, and that somebody came for: workers note them, and the main thread
 * writes them down. */
#ifndef MIRAGE_PROXYD_WANTED_H
#define MIRAGE_PROXYD_WANTED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "store/db.h"

#include "host.h"

#define WANTED_MAX 64 /* at a time; a visit more is noted when the page looks again */

struct wanted_entry {
    char subdomain[HOST_SUBDOMAIN_MAX];
    int64_t written_at; /* monotonic ms; 0: it is not written yet */
};

struct wanted {
    pthread_mutex_t lock;
    atomic_bool news; /* something is not written yet */
    struct wanted_entry entries[WANTED_MAX];
    size_t n;
};

#define WANTED_INIT                                                                                \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/* Worker thread: somebody came for this environment, a pattern maybe. However many come within a
 * second, it is written once. */
void wanted_note(struct wanted *w, const char *subdomain);

/* Main thread: writes what was noted. What cannot be written is tried again with the next call. */
int wanted_write(struct wanted *w, struct db *db, struct err *e)
    __attribute__((warn_unused_result));

#endif
