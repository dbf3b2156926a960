#include "json_call.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

#include "failure.h"

struct aws_call json_call(enum aws_service service, const char *operation, json_t *body,
                          bool repeatable, struct arena *a)
{
    struct aws_call call = {.service = service,
                            .operation = operation,
                            .body = json_to_text(body, a),
                            .repeatable = repeatable};

    json_decref(body);
    return call;
}

json_t *json_call_answer(struct aws_call *call)
{
    json_t *answer = json_loadb(buf_text(&call->answer), call->answer.len, JSON_ALLOW_NUL, NULL);

    if (json_is_object(answer))
        return answer;
    json_decref(answer);
    failure_of_transport(call, "the answer is not in AWS's form");
    return NULL;
}

json_t *json_call_one(struct aws_client *client, struct aws_call call, char *code, struct err *e)
{
    json_t *answer = NULL;

    aws_perform(client, &call, 1);
    if (!call.failed)
        answer = json_call_answer(&call);
    if (!answer)
        *e = call.err;
    if (code)
        memcpy(code, call.code, AWS_CODE_SIZE);
    aws_call_free(&call, 1);
    return answer;
}

int64_t json_time_ms(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    double seconds = json_number_value(value);

    return seconds > 0 && seconds < 1e12 ? (int64_t)(seconds * 1000 + 0.5) : 0;
}
