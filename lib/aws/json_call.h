/* Calls of the services that speak JSON (ECS, CloudWatch Logs): one value in, one out. */
#ifndef MIRAGE_AWS_JSON_CALL_H
#define MIRAGE_AWS_JSON_CALL_H

#include <stdint.h>

#include <jansson.h>

#include "client.h"

/* A call with this body, of which a reference is taken over. The text is the arena's. */
struct aws_call json_call(enum aws_service service, const char *operation, json_t *body,
                          bool repeatable, struct arena *a) __attribute__((warn_unused_result));

/* The answer of a call that did not fail; the caller decrefs. NULL with the call failed, and its
 * error set, when it is no JSON object. */
json_t *json_call_answer(struct aws_call *call) __attribute__((warn_unused_result));

/* One call, whole: sends it and reads the answer. NULL with *e on failure; code, if not NULL, then
 * has AWS_CODE_SIZE bytes for the service's error code. */
json_t *json_call_one(struct aws_client *client, struct aws_call call, char *code, struct err *e)
    __attribute__((warn_unused_result));

/* A member of an answer that is epoch seconds, in ms; 0 when it has none. */
int64_t json_time_ms(const json_t *object, const char *key) __attribute__((warn_unused_result));

#endif
