/* This process's AWS credentials. They are looked for where the SDKs look, in their order:
 * environment, web identity, shared files, container, instance. They are fetched when first needed,
 * kept, and fetched again before they expire. Safe to call from any thread. Nothing here is ever
 * logged. */
#ifndef MIRAGE_AWS_CREDENTIALS_H
#define MIRAGE_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

struct credentials {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL: none */
    int64_t expires_at;        /* ms since 1970; 0: never */
};

/* The current credentials, copied into the arena. ERR_REFUSED says which places were tried, and
 * what was wrong there. `region`: whose STS is used. */
int credentials_get(struct credentials *c, const char *region, struct arena *a, struct err *e)
    __attribute__((warn_unused_result));

/* Says that a service has refused this access key: the next credentials_get() fetches anew. Returns
 * whether that can give other credentials: those of the environment never change. */
bool credentials_refused(const char *access_key_id);

/* One source each: 1 and *c when it has credentials; 0 when it is not configured; -1 when it is
 * configured and fails. */
int credentials_from_container(struct credentials *c, struct arena *a, struct err *e);
int credentials_from_instance(struct credentials *c, struct arena *a, struct err *e);
int credentials_from_web_identity(struct credentials *c, const char *role_arn,
                                  const char *token_file, const char *region, struct arena *a,
                                  struct err *e);
int credentials_from_process(struct credentials *c, const char *command, struct arena *a,
                             struct err *e);

/* The region of this EC2 instance; NULL when this is none. */
const char *credentials_instance_region(struct arena *a) __attribute__((warn_unused_result));

#endif
