/* mirage link: which A records the tasks ask for. Tasks of one subdomain find each other as
 * {container}.{subdomain}.{zone}. Pure: no I/O. */
#ifndef MIRAGE_CRON_LINK_H
#define MIRAGE_CRON_LINK_H

#include <stddef.h>

#include "arena.h"
#include "config/config.h"
#include "store/store_link.h"
#include "task.h"

/* The records for the containers with a port of all tasks that run: by name, each with all its
 * addresses. Containers that `exclude` matches have none, nor has a subdomain that is a pattern.
 * zone: with its dot at the end. */
size_t link_wanted(const struct task_list *tasks, const struct config_strings *exclude,
                   const char *zone, struct arena *a, struct link_record **records)
    __attribute__((warn_unused_result));

/* The same for tasks that have ended: what may have been left behind. */
size_t link_leftover(const struct task_list *tasks, const struct config_strings *exclude,
                     const char *zone, struct arena *a, struct link_record **records)
    __attribute__((warn_unused_result));

/* The record of this name; NULL when there is none. `records` are by name. */
const struct link_record *link_find(const struct link_record *records, size_t n, const char *name)
    __attribute__((warn_unused_result));

#endif
