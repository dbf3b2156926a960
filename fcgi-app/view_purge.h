/* Purges as the page shows them. */
#ifndef MIRAGE_VIEW_PURGE_H
#define MIRAGE_VIEW_PURGE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "arena.h"
#include "purge_decision.h"
#include "store/store_purge_past.h"

/* "5 minutes", "1 hour", "14 days", or "301 seconds". */
const char *view_purge_duration(struct arena *a, int64_t seconds)
    __attribute__((warn_unused_result));

/* What would be stopped and what would be kept, in this order. */
json_t *view_purge_preview(const struct purge_decision *decisions, size_t n)
    __attribute__((warn_unused_result));

/* The same for a past purge, with the results. */
json_t *view_purge_decided(const struct purge_decided *decisions, size_t n)
    __attribute__((warn_unused_result));

/* A past purge: when, by whom, its rules, how many. */
json_t *view_purge_past(struct arena *a, const struct purge_past *run)
    __attribute__((warn_unused_result));

#endif
