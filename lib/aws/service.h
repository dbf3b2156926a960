/* The AWS services that mirage-ecs talks to: their names, their endpoints, and the region that a
 * signature names. Pure, except that the variables AWS_USE_FIPS_ENDPOINT,
 * AWS_USE_DUALSTACK_ENDPOINT, AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are read (AWS SDKs
 * and Tools Reference Guide, "Service-specific endpoints"). */
#ifndef MIRAGE_AWS_SERVICE_H
#define MIRAGE_AWS_SERVICE_H

#include <stdbool.h>

#include "arena.h"
#include "err.h"

enum aws_service { AWS_ECS, AWS_CLOUDWATCH, AWS_LOGS, AWS_ROUTE53, AWS_S3, AWS_STS };

struct aws_service_info {
    const char *title;       /* for messages: "CloudWatch Logs" */
    const char *signing;     /* its name in a signature: "logs" */
    const char *iam;         /* prefix of its IAM actions: "logs" */
    const char *target;      /* prefix of X-Amz-Target; NULL: not a JSON service */
    const char *environment; /* <SERVICE> in AWS_ENDPOINT_URL_<SERVICE> */
    bool gov_is_fips;        /* in aws-us-gov its usual endpoint is FIPS's */
};

const struct aws_service_info *aws_service_info(enum aws_service service)
    __attribute__((warn_unused_result));

#define AWS_REGION_SIZE 64

/* Whether text can be the name of a region. This is checked before the text becomes part of a URL.
 */
bool aws_region_is_valid(const char *text) __attribute__((warn_unused_result));

/* The base URL, without a final slash. bucket: for S3 only, else NULL. Its name becomes part of the
 * host, or of the path where the host cannot have it (a name with dots, a configured endpoint).
 * NULL with *e when AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT asks for one that there is
 * not. */
const char *aws_endpoint(enum aws_service service, const char *region, const char *bucket,
                         struct arena *a, struct err *e) __attribute__((warn_unused_result));

/* The URL of the public keys of a region's load balancers, with a final slash: the id of a key is
 * appended (Elastic Load Balancing, "Authenticate users"; AWS GovCloud (US) User Guide). */
const char *aws_elb_public_key_url(const char *region, struct arena *a)
    __attribute__((warn_unused_result));

/* The region that a signature names. Route 53 has one for each partition. */
const char *aws_signing_region(enum aws_service service, const char *region)
    __attribute__((warn_unused_result));

#endif
