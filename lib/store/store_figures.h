/* What is in the database, in figures. */
#ifndef MIRAGE_STORE_FIGURES_H
#define MIRAGE_STORE_FIGURES_H

#include <stdint.h>

#include "err.h"

#include "db.h"

struct figures {
    uint64_t ready, starting, asleep; /* environments, as mirage-proxyd routes them */
    uint64_t unreported;              /* requests of minutes before the one that is asked for */
};

/* minute: since 1970. */
int store_figures(struct db *db, int64_t minute, struct figures *f, struct err *e)
    __attribute__((warn_unused_result));

#endif
