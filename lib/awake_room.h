/* limit.awake: how many environments may be awake at once. */
#ifndef MIRAGE_AWAKE_ROOM_H
#define MIRAGE_AWAKE_ROOM_H

#include "config/config.h"
#include "err.h"
#include "purge_plan.h"
#include "runner.h"

#define AWAKE_ROOM_UNUSED_S 600 /* who was used since then keeps its place */

/* Makes room for one more environment, where the limit is reached: of those that nobody has used
 * for ten minutes, and that no rule of `sleep` excludes, the one that was used least lately is put
 * to sleep. Does nothing for a subdomain that is awake. ERR_BUSY when none gives way. view: where
 * to look, with a db. */
int awake_room_make(const struct purge_view *view, struct runner *r, const struct config *config,
                    const char *subdomain, struct err *e) __attribute__((warn_unused_result));

#endif
