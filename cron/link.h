/* mirage link: the A records that the tasks need. Tasks of one subdomain find each other as
 * {container}.{subdomain}.{zone}. Pure: no I/O. */
#ifndef MIRAGE_CRON_LINK_H
#define MIRAGE_CRON_LINK_H

#include <stddef.h>

#include "arena.h"
#include "config/config.h"
#include "store/store_link.h"
#include "task.h"

#define LINK_TTL 60 /* of a record, seconds */

/* The records for all running tasks, sorted by name: one for each container that has a port, with
 * all its addresses. There is none for a container that `exclude` matches, nor for a subdomain that
 * is a pattern. zone: with its final dot. */
size_t link_wanted(const struct task_list *tasks, const struct config_strings *exclude,
                   const char *zone, struct arena *a, struct link_record **records)
    __attribute__((warn_unused_result));

/* The same for tasks that have ended: records that may be left over. */
size_t link_leftover(const struct task_list *tasks, const struct config_strings *exclude,
                     const char *zone, struct arena *a, struct link_record **records)
    __attribute__((warn_unused_result));

/* The record with this name; NULL when there is none. `records` are sorted by name. */
const struct link_record *link_find(const struct link_record *records, size_t n, const char *name)
    __attribute__((warn_unused_result));

#endif
