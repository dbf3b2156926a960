/* What a page on which a visitor waits has to know of the table `asleep`. */
#ifndef MIRAGE_STORE_WAITING_H
#define MIRAGE_STORE_WAITING_H

#include <stdint.h>

#include "arena.h"
#include "err.h"

#include "db.h"

struct waiting_asleep {
    const char *launch; /* an id: this launch, and all that are older, sleep */
    int64_t at;         /* ms; when it was put to sleep */
    int64_t wanted_at;  /* ms; when somebody wanted it awake since the last try; 0: nobody did */
    int64_t tried_at;   /* ms; when it was last tried to wake it; 0: never */
    const char *error;  /* why the last try failed; "" */
};

/* 1 and *asleep when the environment sleeps, or is being woken; 0 when not; -1. */
int store_waiting_asleep(struct db *db, const char *subdomain, struct arena *a,
                         struct waiting_asleep *asleep, struct err *e)
    __attribute__((warn_unused_result));

#endif
