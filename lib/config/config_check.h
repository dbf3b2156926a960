/* What holds of a configuration as a whole, after each value was looked at by itself. */
#ifndef MIRAGE_CONFIG_CHECK_H
#define MIRAGE_CONFIG_CHECK_H

#include "config/config.h"
#include "err.h"

/* Checks what several values come to, and fills in what follows from others. Errors name file, line
 * and key. */
int config_complete(struct config *c, struct err *e) __attribute__((warn_unused_result));

/* unset: the names of variables that {{ env }} did not find, a line each. It leaves the name: as a
 * secret, anybody could guess it. */
int config_check_secrets(const struct config *c, const char *unset, struct err *e)
    __attribute__((warn_unused_result));

#endif
