/* What a purge would do now. Nothing is written down and nothing is stopped. */
#ifndef MIRAGE_PURGE_PREVIEW_H
#define MIRAGE_PURGE_PREVIEW_H

#include <stddef.h>

#include "arena.h"
#include "db.h"
#include "err.h"
#include "purge.h"

/* The decisions of purge_decide() by what the database knows now, one a subdomain. */
int purge_preview(struct db *db, const struct purge_rules *rules, struct arena *a,
                  struct purge_decision **decisions, size_t *n, struct err *e)
    __attribute__((warn_unused_result));

#endif
