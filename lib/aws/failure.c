#include "failure.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "metrics.h"

#include "retry.h"
#include "xml.h"

/* The part of "com.amazonaws.ecs#ClientException:http://…" that is the code. */
static void set_code(struct aws_call *call, const char *text)
{
    const char *hash = strchr(text, '#');
    size_t len;

    text = hash ? hash + 1 : text;
    len = strcspn(text, ":");
    if (len >= sizeof call->code)
        len = sizeof call->code - 1;
    memcpy(call->code, text, len);
    call->code[len] = '\0';
}

static const char *read_json(struct aws_call *call, const char *error_type, struct arena *a)
{
    json_t *answer = json_loadb(buf_text(&call->answer), call->answer.len, 0, NULL);
    const char *type = json_string_value(json_object_get(answer, "__type"));
    const char *message = json_string_value(json_object_get(answer, "message"));

    if (!message)
        message = json_string_value(json_object_get(answer, "Message"));
    if (type || error_type)
        set_code(call, type ? type : error_type);
    message = arena_strdup(a, message ? message : "");
    json_decref(answer);
    return message;
}

/* <ErrorResponse><Error>, S3's bare <Error>, and Route 53's <InvalidChangeBatch><Messages>. */
static const char *read_xml(struct aws_call *call, struct arena *a)
{
    const struct xml *root = xml_parse(buf_text(&call->answer), call->answer.len, a);
    const struct xml *error =
        root && !strcmp(root->name, "Error") ? root : xml_child(root, "Error");
    const struct xml *message;
    const char *all = "";

    if (error) {
        set_code(call, xml_text(error, "Code"));
        return xml_text(error, "Message");
    }
    if (!root || strcmp(root->name, "InvalidChangeBatch") != 0)
        return "";
    set_code(call, root->name);
    message = xml_child(xml_child(root, "Messages"), "Message");
    for (; message; message = xml_again(message))
        all = arena_printf(a, "%s%s%s", all, *all ? "; " : "", message->text);
    return *all ? all : xml_text(root, "Message");
}

static bool is_about_access(const char *code)
{
    return !strcmp(code, "AccessDenied") || !strcmp(code, "AccessDeniedException") ||
           !strcmp(code, "UnauthorizedOperation");
}

/* The action that a role must allow; one operation has another name there. */
static const char *iam_action(const struct aws_call *call, struct arena *a)
{
    const char *operation = call->operation;

    if (call->service == AWS_S3 && !strcmp(operation, "ListObjectsV2"))
        operation = "ListBucket";
    return arena_printf(a, "%s:%s", aws_service_info(call->service)->iam, operation);
}

/* What to change, for what AWS says of a name that it does not know. */
static const char *advice(const char *code, const char *message)
{
    static const struct {
        const char *code, *text;
        const char *message; /* what it begins with; NULL: whatever it is */
    } all[] = {
        {"InvalidSignatureException", " (are this machine's clock and the secret key right?)",
         NULL},
        {"SignatureDoesNotMatch", " (are this machine's clock and the secret key right?)", NULL},
        {"RequestTimeTooSkewed", " (are this machine's clock and the secret key right?)", NULL},
        {"ClusterNotFoundException", " (do ecs.cluster and ecs.region name it?)", NULL},
        {"ClientException",
         " (is the task definition's name right, is it ACTIVE, and of this region and account?)",
         "Unable to describe task definition"},
        {"NoSuchHostedZone", " (does link.hosted_zone_id name a zone of this account?)", NULL},
        {"NoSuchBucket", " (is its name right, in -conf or htmldir?)", NULL},
        {"NoSuchKey", " (is its name right, in -conf or htmldir?)", NULL},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!strcmp(code, all[i].code) &&
            (!all[i].message || !strncmp(message, all[i].message, strlen(all[i].message))))
            return all[i].text;
    return "";
}

void failure_of_answer(struct aws_call *call, const char *error_type)
{
    const struct aws_service_info *service = aws_service_info(call->service);
    struct arena a = {0};
    const char *message = service->target ? read_json(call, error_type, &a) : read_xml(call, &a);
    const char *hint = "";

    if (is_about_access(call->code)) {
        const char *action = iam_action(call, &a);
        if (!strstr(message, action))
            hint = arena_printf(&a, " (the role must allow %s)", action);
    } else
        hint = advice(call->code, message);
    call->failed = true;
    if (*call->code)
        err_set(&call->err, ERR_REFUSED, "%s %s: %s%s%s%s", service->title, call->operation,
                call->code, *message ? ": " : "", message, hint);
    else
        err_set(&call->err, ERR_REFUSED, "%s %s: status %d, and no answer in AWS's form",
                service->title, call->operation, call->status);
    arena_free(&a);
}

void failure_of_transport(struct aws_call *call, const char *reason)
{
    call->failed = true;
    err_set(&call->err, ERR_REFUSED, "%s %s: %s", aws_service_info(call->service)->title,
            call->operation, reason);
}

void failure_count(const struct aws_call *call)
{
    const char *service = aws_service_info(call->service)->iam;
    enum metric_call how = METRIC_CALL_OK;
    char operation[METRIC_NAME];

    snprintf(operation, sizeof operation, "%s:%s", service, call->operation);
    if (call->failed)
        how = call->status == 0                                        ? METRIC_CALL_FAILED
              : is_about_access(call->code)                            ? METRIC_CALL_DENIED
              : retry_is_throttling(call->code) || call->status == 429 ? METRIC_CALL_THROTTLED
                                                                       : METRIC_CALL_REFUSED;
    metrics_called(operation, how);
}

const char *failure_region(const struct aws_call *call, struct arena *a)
{
    const struct xml *root = xml_parse(buf_text(&call->answer), call->answer.len, a);

    return root && !strcmp(root->name, "Error") ? xml_text(root, "Region") : "";
}
