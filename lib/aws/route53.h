/* Amazon Route 53: the A records of environments (Amazon Route 53 API Reference). */
#ifndef MIRAGE_AWS_ROUTE53_H
#define MIRAGE_AWS_ROUTE53_H

#include <stdbool.h>
#include <stddef.h>

#include "client.h"

#define ROUTE53_TTL            60
#define ROUTE53_CHANGES_A_CALL 200 /* 1,000 records are allowed; an UPSERT counts twice */

struct route53_change {
    bool upsert;           /* else DELETE, for which name and addresses must be the record's */
    const char *name;      /* a full name */
    const char *addresses; /* IPv4, sorted, with a blank between two */
    bool done;             /* the zone is now as wanted */
    const char *error;     /* why not; NULL: not tried, or done */
};

/* The zone's name, with a dot at its end. NULL with *e. */
const char *route53_zone_name(struct aws_client *client, const char *zone_id, struct arena *a,
                              struct err *e) __attribute__((warn_unused_result));

/* Makes the changes, in as few calls as it can: a call is all or nothing, so one that is refused is
 * made again in two halves, until the change that is at fault stands alone. A DELETE of what is not
 * there (any more, or otherwise) is done. -1 when the service cannot be asked: what is not done
 * then was not tried. */
int route53_change(struct aws_client *client, const char *zone_id, struct route53_change *changes,
                   size_t n, struct arena *a, struct err *e) __attribute__((warn_unused_result));

#endif
