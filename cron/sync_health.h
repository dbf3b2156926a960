/* Asks tasks for launch.health. */
#ifndef MIRAGE_CRON_SYNC_HEALTH_H
#define MIRAGE_CRON_SYNC_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task.h"

struct health_check {
    const struct task_port *port;
    const char *host; /* for the field Host; NULL: the address */
    bool answered;    /* by a status from 200 to 399 */
};

/* Sends a GET of the path to all n ports at once, and waits for the answers' heads, timeout_ms at
 * most. Sets `answered` of each. */
void sync_health_ask(struct health_check *checks, size_t n, const char *path, int64_t timeout_ms);

#endif
