/* The table `link_record`: the A records that Route 53 has taken from this machine. */
#ifndef MIRAGE_STORE_LINK_H
#define MIRAGE_STORE_LINK_H

#include <stddef.h>

#include "arena.h"
#include "err.h"

#include "db.h"

struct link_record {
    const char *name;      /* the full name, with its final dot */
    const char *addresses; /* IPv4, sorted, separated by a blank */
};

/* All records, sorted by name. */
int store_link_list(struct db *db, struct arena *a, struct link_record **records, size_t *n,
                    struct err *e) __attribute__((warn_unused_result));

int store_link_put(struct db *db, const struct link_record *record, struct err *e)
    __attribute__((warn_unused_result));
int store_link_remove(struct db *db, const char *name, struct err *e)
    __attribute__((warn_unused_result));

#endif
