/* The default of use.ignore.user_agents: load balancers' and orchestrators' health checks, uptime
 * monitors, link previews and crawlers. */
#ifndef MIRAGE_CONFIG_AGENTS_H
#define MIRAGE_CONFIG_AGENTS_H

#include "arena.h"

#include "config.h"

/* A list of its own in the arena; its texts are constants. */
struct config_strings config_agents_default(struct arena *a) __attribute__((warn_unused_result));

#endif
