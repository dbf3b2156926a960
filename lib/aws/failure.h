/* Reads from an answer why a call failed: AWS's error code and message, as one sentence. */
#ifndef MIRAGE_AWS_FAILURE_H
#define MIRAGE_AWS_FAILURE_H

#include "client.h"

/* Reads code and message of an answer that is not a success, and sets call->code, call->failed and
 * call->err. error_type: the header X-Amzn-ErrorType; NULL when there is none. */
void failure_of_answer(struct aws_call *call, const char *error_type);

/* For a call without an answer: `reason` is the transport's sentence. */
void failure_of_transport(struct aws_call *call, const char *reason);

/* The call has ended, well or not: counts it (lib/metrics.h). */
void failure_count(const struct aws_call *call);

/* The region that an error answer of S3 names as the bucket's; "" when it names none. */
const char *failure_region(const struct aws_call *call, struct arena *a)
    __attribute__((warn_unused_result));

#endif
