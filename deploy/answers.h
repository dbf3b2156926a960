/* Whether the stack answers, asked as its clients will ask it. */
#ifndef MIRAGE_DEPLOY_ANSWERS_H
#define MIRAGE_DEPLOY_ANSWERS_H

#include <stdbool.h>

#include "config.h"

/* The web API lists its tasks through the first listen port, and the health check there says that
 * routes are loaded and a sync has succeeded. Takes at most two seconds. */
bool answers(const struct config *config) __attribute__((warn_unused_result));

#endif
