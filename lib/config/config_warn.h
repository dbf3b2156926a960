/* What in a configuration is allowed, and likely a mistake. Each warning is one call of `warn`. */
#ifndef MIRAGE_CONFIG_WARN_H
#define MIRAGE_CONFIG_WARN_H

#include "buf.h"
#include "config/config.h"

/* A default that its parameter's rule refuses: the launch form shows it, and refuses it. */
void config_warn_of_defaults(const struct config *c, void (*warn)(const char *text));

/* A short auth.cookie_secret; an auth.amzn_oidc without signer. */
void config_warn_of_weakness(const struct config *c, void (*warn)(const char *text));

/* A text of use.ignore.user_agents that browsers send too. */
void config_warn_of_agents(const struct config *c, void (*warn)(const char *text));

/* Secrets in a file, whose text is `raw`, that every user of the machine can read. */
void config_warn_of_readers(const struct config *c, const char *path, const struct buf *raw,
                            void (*warn)(const char *text));

/* `list`: a line for each value of a variable that YAML reads otherwise. */
void config_warn_of_values(const char *path, const char *list, void (*warn)(const char *text));

/* No auth, which a misspelt or forgotten section comes to, where others than this machine reach
 * pages and API. */
void config_warn_of_strangers(const struct config *c, void (*warn)(const char *text));

/* What falls asleep on ECS, and is kept on one machine's disk alone. */
void config_warn_of_sleep(const struct config *c, void (*warn)(const char *text));

#endif
