/* What sleeps, an object each in state.url: `asleep/<URL-safe base64 of the subdomain>.json`. All
 * copies of mirage-ecs, and mirage-purge without a database, share them. */
#ifndef MIRAGE_AWS_ASLEEP_OBJECT_H
#define MIRAGE_AWS_ASLEEP_OBJECT_H

#include "asleep.h"
#include "runner.h"

#include "client.h"

/* As runner_keep(), runner_kept_list(), runner_kept_get() and runner_forget() say; `url` is
 * state.url. */
int asleep_object_keep(struct aws_client *client, const char *url, const struct asleep *asleep,
                       struct err *e) __attribute__((warn_unused_result));
int asleep_object_list(struct aws_client *client, const char *url, struct arena *a,
                       struct runner_kept_list *list, struct err *e)
    __attribute__((warn_unused_result));
int asleep_object_get(struct aws_client *client, const char *url, const char *subdomain,
                      struct arena *a, struct asleep *asleep, struct err *e)
    __attribute__((warn_unused_result));
int asleep_object_forget(struct aws_client *client, const char *url, const char *subdomain,
                         const char *launch, struct err *e) __attribute__((warn_unused_result));

#endif
