/* When an environment that is awake may fall asleep by itself, or what keeps it from that. */
#ifndef MIRAGE_SLEEP_OUTLOOK_H
#define MIRAGE_SLEEP_OUTLOOK_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "config/config.h"
#include "err.h"
#include "purge_decision.h"
#include "store/db.h"
#include "task.h"
#include "zone.h"

struct sleep_outlook {
    int64_t at;       /* ms; unused until then, it may fall asleep from then on; 0: it does not */
    const char *kept; /* why it does not fall asleep: "excluded by name"; "" */
};

/* Of an environment with these live tasks, all of one subdomain, by the rules of sleep.after, by
 * sleep.awake, and by what this machine has counted; a later use through another copy is not known
 * here. zone: sleep.timezone. */
int sleep_outlook(struct db *db, const struct config *config, const struct zone *zone,
                  const struct purge_rules *rules, struct task *tasks, size_t n, struct arena *a,
                  struct sleep_outlook *outlook, struct err *e) __attribute__((warn_unused_result));

#endif
