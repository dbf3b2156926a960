/* What a call's failure was, out of the answer: AWS's error code and message, in one sentence. */
#ifndef MIRAGE_AWS_FAILURE_H
#define MIRAGE_AWS_FAILURE_H

#include "client.h"

/* Reads code and message of an answer that is not a success, and fills call->code, call->failed and
 * call->err. error_type: the header X-Amzn-ErrorType, NULL without. */
void failure_of_answer(struct aws_call *call, const char *error_type);

/* There was no answer: `reason` is the transport's sentence. */
void failure_of_transport(struct aws_call *call, const char *reason);

#endif
