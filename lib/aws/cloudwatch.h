/* Amazon CloudWatch: the access counts of environments as a metric (Amazon CloudWatch API
 * Reference): namespace `mirage-ecs`, name `RequestCount`, dimension `subdomain`. */
#ifndef MIRAGE_AWS_CLOUDWATCH_H
#define MIRAGE_AWS_CLOUDWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

#define CLOUDWATCH_VALUES_A_CALL  1000 /* of PutMetricData */
#define CLOUDWATCH_QUERIES_A_CALL 500  /* of GetMetricData */

struct metric_value {
    const char *subdomain;
    int64_t minute; /* since 1970 */
    int64_t count;
};

/* PutMetricData of up to CLOUDWATCH_VALUES_A_CALL values, which are taken all or none. It is not
 * repeated when its answer was lost: values sent twice count twice. code: the service's error code
 * when it fails. */
int cloudwatch_put(struct aws_client *client, const struct metric_value *values, size_t n,
                   char code[AWS_CODE_SIZE], struct err *e) __attribute__((warn_unused_result));

struct metric_sum {
    const char *subdomain;
    int64_t sum;   /* of the values in the window */
    size_t n_due;  /* buckets with a value, of those that end by due_ms */
    bool complete; /* CloudWatch says that nothing is missing */
};

struct metric_window {
    int64_t start_ms, end_ms; /* multiples of the period */
    long period_s;            /* a multiple of 60 */
    int64_t due_ms;           /* what came before must be there by now */
};

/* GetMetricData for each sum's subdomain, 500 a call, all pages. When a call fails, its sums stay
 * incomplete, *e is the first failure, and -1 is returned after all have been tried. */
int cloudwatch_sums(struct aws_client *client, const struct metric_window *window,
                    struct metric_sum *sums, size_t n, struct err *e)
    __attribute__((warn_unused_result));

#endif
