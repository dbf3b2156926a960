/* Amazon Route 53: the A records of environments (Amazon Route 53 API Reference). */
#ifndef MIRAGE_AWS_ROUTE53_H
#define MIRAGE_AWS_ROUTE53_H

#include <stdbool.h>
#include <stddef.h>

#include "client.h"

#define ROUTE53_CHANGES_A_CALL 200 /* 1,000 records are allowed; an UPSERT counts twice */

struct route53_change {
    bool upsert;           /* else DELETE, which needs the record's exact name and addresses */
    const char *name;      /* a full name */
    const char *addresses; /* IPv4, sorted, separated by a blank */
    int ttl;               /* seconds */
    bool done;             /* the zone is now as wanted */
    const char *error;     /* why not; NULL: not tried, or done */
};

/* The zone's name, with its final dot. NULL with *e. */
const char *route53_zone_name(struct aws_client *client, const char *zone_id, struct arena *a,
                              struct err *e) __attribute__((warn_unused_result));

/* Makes the changes, in as few calls as possible. A call takes all of its changes or none. One that
 * is refused is made again in two halves, until the change at fault stands alone. A DELETE of a
 * record that is not there (any more, or not with these addresses) counts as done. -1 when the
 * service cannot be asked: then changes that are not done were not tried. */
int route53_change(struct aws_client *client, const char *zone_id, struct route53_change *changes,
                   size_t n, struct arena *a, struct err *e) __attribute__((warn_unused_result));

#endif
