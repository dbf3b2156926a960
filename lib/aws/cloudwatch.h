/* Amazon CloudWatch: the access counts of environments as metrics (Amazon CloudWatch API
 * Reference): namespace `mirage-ecs`, dimension `subdomain`, name `RequestCount`; `IgnoredCount`
 * for the requests that are no use, which has no zeros: where there are none it does not exist. */
#ifndef MIRAGE_AWS_CLOUDWATCH_H
#define MIRAGE_AWS_CLOUDWATCH_H

#include <stddef.h>
#include <stdint.h>

#include "access_counts.h"
#include "client.h"

#define CLOUDWATCH_VALUES_A_CALL  1000 /* of PutMetricData */
#define CLOUDWATCH_QUERIES_A_CALL 500  /* of GetMetricData */

struct metric_value {
    const char *subdomain;
    enum access_kind kind;
    int64_t minute; /* since 1970 */
    int64_t count;
};

/* PutMetricData of up to CLOUDWATCH_VALUES_A_CALL values. All of them are taken, or none. The call
 * is not repeated when its answer was lost, because values that are sent twice count twice. code:
 * the service's error code when the call fails. */
int cloudwatch_put(struct aws_client *client, const struct metric_value *values, size_t n,
                   char code[AWS_CODE_SIZE], struct err *e) __attribute__((warn_unused_result));

/* The counts of all machines: GetMetricData for the subdomain and kind of each sum, 500 a call, all
 * pages. For NULL it returns a source that is none. */
struct metric_source cloudwatch_source(struct aws_client *client)
    __attribute__((warn_unused_result));

#endif
