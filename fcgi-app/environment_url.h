/* Where an environment is reached by whoever asks: scheme, host and port as the client used them.
 */
#ifndef MIRAGE_ENVIRONMENT_URL_H
#define MIRAGE_ENVIRONMENT_URL_H

#include <jansson.h>

struct call;

/* The environment's URL; null for a pattern, which has many. */
json_t *environment_url(struct call *c, const char *subdomain) __attribute__((warn_unused_result));

#endif
