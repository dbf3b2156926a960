/* When a call is made again: as in the "standard" mode of the AWS SDKs (AWS SDKs and Tools
 * Reference Guide, "Retry behavior"). One thing is stricter: a call that is not repeatable is made
 * again only when it was certainly not carried out. Pure functions. */
#ifndef MIRAGE_AWS_RETRY_H
#define MIRAGE_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_ATTEMPTS 3

enum retry {
    RETRY_NO,
    RETRY_AGAIN,            /* after a pause */
    RETRY_WITH_CREDENTIALS, /* at once, with credentials fetched anew */
};

/* How an attempt ended. */
struct attempt {
    bool sent;        /* the request may have reached the service */
    bool answered;    /* there is a status */
    int status;       /* HTTP's */
    const char *code; /* the service's error code; "" when there is none */
};

/* What to do after an attempt that failed. */
enum retry retry_decide(const struct attempt *attempt, bool repeatable)
    __attribute__((warn_unused_result));

/* The pause before attempt number `next` (the first retry is 2): exponential with full jitter, up
 * to 20 s. `chance` is any random number. retry_after_s: what the service asks for, 0 for nothing.
 */
int64_t retry_pause_ms(int next, uint32_t chance, int64_t retry_after_s)
    __attribute__((warn_unused_result));

/* Whether the code says that too many calls were made. */
bool retry_is_throttling(const char *code) __attribute__((warn_unused_result));

#endif
