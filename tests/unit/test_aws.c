/* lib/aws without a network: retries, shared files, XML, error answers, tasks, records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "aws/ecs_task.h"
#include "aws/failure.h"
#include "aws/profile.h"
#include "aws/retry.h"
#include "aws/s3.h"
#include "aws/service.h"
#include "aws/task_cache.h"
#include "aws/xml.h"
#include "cron/link.h"

#define TEST(name)   cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena a;

static int free_arena(void **state)
{
    (void)state;
    arena_free(&a);
    return 0;
}

/* --- retry -------------------------------------------------------------------------------------
 */

static void what_is_tried_again(void **state)
{
    static const struct {
        struct attempt attempt;
        bool repeatable;
        enum retry expected;
    } list[] = {
        {{.answered = true, .sent = true, .status = 400, .code = "ThrottlingException"},
         false,
         RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 400, .code = "Throttling"}, false, RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 503, .code = "SlowDown"}, false, RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 400, .code = "PriorRequestNotComplete"},
         false,
         RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 429, .code = ""}, false, RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 500, .code = "ServerException"},
         true,
         RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 500, .code = "ServerException"},
         false,
         RETRY_NO},
        {{.answered = true, .sent = true, .status = 503, .code = ""}, true, RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 503, .code = ""}, false, RETRY_NO},
        {{.answered = true, .sent = true, .status = 400, .code = "RequestTimeout"},
         true,
         RETRY_AGAIN},
        {{.answered = true, .sent = true, .status = 400, .code = "RequestTimeout"},
         false,
         RETRY_NO},
        {{.answered = true, .sent = true, .status = 400, .code = "ClientException"},
         true,
         RETRY_NO},
        {{.answered = true, .sent = true, .status = 403, .code = "AccessDenied"}, true, RETRY_NO},
        {{.answered = true, .sent = true, .status = 404, .code = "NoSuchKey"}, true, RETRY_NO},
        {{.answered = true, .sent = true, .status = 200, .code = ""}, true, RETRY_NO},
        {{.answered = true, .sent = true, .status = 400, .code = "ExpiredTokenException"},
         false,
         RETRY_WITH_CREDENTIALS},
        {{.answered = true, .sent = true, .status = 403, .code = "InvalidClientTokenId"},
         true,
         RETRY_WITH_CREDENTIALS},
        {{.answered = false, .sent = false, .code = ""}, false, RETRY_AGAIN},
        {{.answered = false, .sent = true, .code = ""}, false, RETRY_NO},
        {{.answered = false, .sent = true, .code = ""}, true, RETRY_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++)
        if (retry_decide(&list[i].attempt, list[i].repeatable) != list[i].expected)
            fail_msg("number %zu (%s)", i, list[i].attempt.code);
}

static void pauses(void **state)
{
    (void)state;
    assert_int_equal(retry_pause_ms(2, 0, 0), 0);
    assert_int_equal(retry_pause_ms(2, UINT32_MAX, 0), 1000);
    assert_int_equal(retry_pause_ms(3, UINT32_MAX, 0), 2000);
    assert_int_equal(retry_pause_ms(3, UINT32_MAX / 2, 0), 999);
    assert_int_equal(retry_pause_ms(30, UINT32_MAX, 0), 20000);
    assert_int_equal(retry_pause_ms(2, UINT32_MAX, 7), 7000);
    assert_int_equal(retry_pause_ms(2, 0, 7), 7000);
}

/* --- shared files ------------------------------------------------------------------------------
 */

static void profiles(void **state)
{
    static const char config[] =
        "\n# first\n[default]\nregion = us-east-1\n"
        "[profile team]\n region=not-ours\nregion\t=\teu-west-1 \r\n"
        "; comment\naws_access_key_id=AK=ID\ns3 =\n    region = nested\n"
        "[profile  other]\nregion=x-1\n[team]\nregion=y-1\n[broken\nregion=z";
    struct profile p = {.name = "team"};

    (void)state;
    profile_parse(&p, config, true, &a);
    assert_true(p.found);
    assert_string_equal(p.region, "eu-west-1");
    assert_string_equal(p.aws_access_key_id, "AK=ID");
    p = (struct profile){.name = "other"};
    profile_parse(&p, config, true, &a);
    assert_string_equal(p.region, "x-1");
    p = (struct profile){.name = "default"};
    profile_parse(&p, config, true, &a);
    assert_string_equal(p.region, "us-east-1");
    p = (struct profile){.name = "team"};
    profile_parse(&p, config, false, &a); /* the credentials file has no "profile" in its heads */
    assert_string_equal(p.region, "y-1");
    p = (struct profile){.name = "nobody"};
    profile_parse(&p, config, true, &a);
    assert_false(p.found);
    profile_parse(&p, "", true, &a);
    profile_parse(&p, "[", true, &a);
    profile_parse(&p, "=", true, &a);
}

/* --- XML and errors ----------------------------------------------------------------------------
 */

static const struct xml *parse(const char *text)
{
    return xml_parse(text, strlen(text), &a);
}

static void xml(void **state)
{
    const struct xml *root =
        parse("<?xml version=\"1.0\"?>\n<A xmlns='urn:x' b='c'>\n <B>one &amp; two</B>"
              "<C/><x:B>three</x:B><D> <E>f</E> </D></A>");
    static const char *const bad[] = {"",
                                      "<",
                                      "<A>",
                                      "<A></B>",
                                      "<A/><B/>",
                                      "text",
                                      "<A>&nope;</A>",
                                      "<!DOCTYPE A [<!ENTITY e 'x'>]><A>&e;</A>",
                                      "<!DOCTYPE A><A/>"};
    const struct xml *b = xml_child(root, "B");
    struct buf deep = {0};

    (void)state;
    assert_string_equal(root->name, "A");
    assert_string_equal(b->text, "one & two");
    assert_string_equal(xml_again(b)->text, "three");
    assert_null(xml_again(xml_again(b)));
    assert_string_equal(xml_text(root, "C"), "");
    assert_string_equal(xml_text(xml_child(root, "D"), "E"), "f");
    assert_string_equal(xml_text(root, "none"), "");
    assert_string_equal(xml_text(NULL, "none"), "");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(parse(bad[i]));
    for (int i = 0; i < 100; i++)
        buf_str(&deep, "<A>");
    for (int i = 0; i < 100; i++)
        buf_str(&deep, "</A>");
    assert_null(xml_parse(deep.data, deep.len, &a));
    buf_free(&deep);
}

static const struct {
    enum aws_service service;
    const char *operation;
    int status;
    const char *type, *body, *code, *text;
} error_cases[] = {
    {AWS_ECS, "RunTask", 400, NULL, "{\"__type\":\"ClientException\",\"message\":\"no\"}",
     "ClientException", "ECS RunTask: ClientException: no"},
    {AWS_ECS, "DescribeTaskDefinition", 400, NULL,
     "{\"__type\":\"ClientException\",\"message\":\"Unable to describe task definition.\"}",
     "ClientException",
     "ECS DescribeTaskDefinition: ClientException: Unable to describe task definition. (is the "
     "task definition's name right, is it ACTIVE, and of this region and account?)"},
    {AWS_ECS, "RunTask", 400, NULL,
     "{\"__type\":\"com.amazon.coral#Throttling\",\"Message\":\"slow\"}", "Throttling",
     "ECS RunTask: Throttling: slow"},
    {AWS_ECS, "RunTask", 400, "InvalidParameterException:http://x/", "{\"message\":\"no\"}",
     "InvalidParameterException", "ECS RunTask: InvalidParameterException: no"},
    {AWS_ECS, "RunTask", 503, NULL, "<html>busy</html>", "",
     "ECS RunTask: status 503, and no answer in AWS's form"},
    {AWS_ECS, "RunTask", 400, NULL, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}",
     "AccessDeniedException",
     "ECS RunTask: AccessDeniedException: no (the role must allow ecs:RunTask)"},
    {AWS_ECS, "RunTask", 400, NULL,
     "{\"__type\":\"AccessDeniedException\",\"message\":\"not authorized: ecs:RunTask\"}",
     "AccessDeniedException", "ECS RunTask: AccessDeniedException: not authorized: ecs:RunTask"},
    {AWS_CLOUDWATCH, "PutMetricData", 403, NULL,
     "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message/></Error>"
     "</ErrorResponse>",
     "AccessDenied",
     "CloudWatch PutMetricData: AccessDenied (the role must allow cloudwatch:PutMetricData)"},
    {AWS_S3, "ListObjectsV2", 403, NULL, "<Error><Code>AccessDenied</Code></Error>", "AccessDenied",
     "S3 ListObjectsV2: AccessDenied (the role must allow s3:ListBucket)"},
    {AWS_ROUTE53, "ChangeResourceRecordSets", 400, NULL,
     "<InvalidChangeBatch><Messages><Message>a</Message><Message>b</Message></Messages>"
     "</InvalidChangeBatch>",
     "InvalidChangeBatch", "Route 53 ChangeResourceRecordSets: InvalidChangeBatch: a; b"},
    {AWS_S3, "GetObject", 500, NULL, "", "",
     "S3 GetObject: status 500, and no answer in AWS's form"},
};

static void error_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(error_cases); i++) {
        struct aws_call call = {.service = error_cases[i].service,
                                .operation = error_cases[i].operation,
                                .status = error_cases[i].status};
        buf_str(&call.answer, error_cases[i].body);
        failure_of_answer(&call, error_cases[i].type);
        assert_true(call.failed);
        assert_string_equal(call.code, error_cases[i].code);
        assert_string_equal(call.err.text, error_cases[i].text);
        aws_call_free(&call, 1);
    }
}

/* --- tasks -------------------------------------------------------------------------------------
 */

static json_t *json(const char *text)
{
    json_error_t why;
    json_t *value = json_loads(text, 0, &why);

    if (!value)
        fail_msg("%s: %s", why.text, text);
    return value;
}

static void kinds_of_tasks(void **state)
{
    static const struct {
        const char *by, *tag;
        enum ecs_task_kind kind;
        const char *subdomain;
    } list[] = {
        {"mirage-ecs", "Zm9v", ECS_TASK_MANAGED, "foo"},
        {"Mirage", "Zm9v", ECS_TASK_MANAGED, "foo"},
        {"mirage", "Zm9v", ECS_TASK_FOREIGN, NULL},
        {"", "Zm9v", ECS_TASK_FOREIGN, NULL},
        {"Mirage", "Zm9vLSo=", ECS_TASK_MANAGED, "foo-*"},
        {"Mirage", "Zm9vLSo", ECS_TASK_MANAGED, "foo-*"},
        {"Mirage", "Zm9vLVs_XQ==", ECS_TASK_MANAGED, "foo-[?]"},
        {"Mirage", "Zm9vLVs/XQ==", ECS_TASK_MANAGED, "foo-[?]"},
        {"Mirage", "", ECS_TASK_BROKEN, NULL},
        {"Mirage", "%%%", ECS_TASK_BROKEN, NULL},
        {"Mirage", "Z", ECS_TASK_BROKEN, NULL},
        {"Mirage", "Zm9v====", ECS_TASK_BROKEN, NULL},
        {"Mirage", "=Zm9v", ECS_TASK_BROKEN, NULL},
        {"Mirage", "AAAA", ECS_TASK_BROKEN, NULL},         /* NULs */
        {"Mirage", "Rk9P", ECS_TASK_BROKEN, NULL},         /* FOO */
        {"Mirage", "Li4vLi4vZXRj", ECS_TASK_BROKEN, NULL}, /* ../../etc */
        {"Mirage", "Zm9vLVs=", ECS_TASK_BROKEN, NULL},     /* foo-[ */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        json_t *task = json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "tags", "key", "ManagedBy",
                                 "value", list[i].by, "key", "Subdomain", "value", list[i].tag);
        const char *subdomain;
        if (ecs_task_kind(task, &a, &subdomain) != list[i].kind)
            fail_msg("%s %s", list[i].by, list[i].tag);
        if (list[i].subdomain)
            assert_string_equal(subdomain, list[i].subdomain);
        json_decref(task);
    }
}

static void a_task(void **state)
{
    json_t *task = json(
        "{\"taskArn\":\"arn:aws:ecs:r:1:task/c/"
        "abc\",\"taskDefinitionArn\":\"arn:aws:ecs:r:1:task-definition/"
        "web:7\",\"lastStatus\":\"RUNNING\",\"desiredStatus\":\"RUNNING\",\"createdAt\":1700000000."
        "5,"
        "\"startedAt\":1700000010,\"attachments\":[{\"type\":\"Other\",\"details\":[]},{\"type\":"
        "\"ElasticNetworkInterface\",\"status\":\"ATTACHED\",\"details\":[{\"name\":"
        "\"privateIPv4Address\","
        "\"value\":\"10.0.0.7\"}]}],\"overrides\":{\"containerOverrides\":[{\"name\":\"a\","
        "\"environment\":"
        "[{\"name\":\"GIT_BRANCH\",\"value\":\"fix/"
        "#1\"}]}]},\"tags\":[{\"key\":\"branch\",\"value\":\"fix/_1\"}]}");
    json_t *definition =
        json("{\"containerDefinitions\":[{\"name\":\"a\",\"portMappings\":[{\"containerPort\":80},"
             "{\"containerPort\":53,\"protocol\":\"udp\"},{\"containerPort\":0},{\"containerPort\":"
             "99999}]},"
             "{\"name\":\"b\",\"portMappings\":[{\"containerPort\":8080,\"protocol\":\"tcp\"}]},{"
             "\"name\":\"c\"}]}");
    struct config_listen http[] = {{.listen = 80, .target = 80}};
    const struct config config = {.listen = {.http = http, .n_http = 1}};
    struct task t = ecs_task(task, "foo", definition, &config, &a);

    (void)state;
    assert_string_equal(t.short_id, "abc");
    assert_string_equal(t.taskdef, "web:7");
    assert_string_equal(t.ipaddress, "10.0.0.7");
    assert_string_equal(t.branch, "fix/#1");
    assert_string_equal(t.env, "{\"GIT_BRANCH\":\"fix/#1\"}");
    assert_string_equal(t.tags, "[{\"Key\":\"branch\",\"Value\":\"fix/_1\"}]");
    assert_int_equal(t.created_at, 1700000000500);
    assert_int_equal(t.started_at, 1700000010000);
    assert_int_equal(t.n_ports, 2);
    assert_string_equal(t.ports[1].container, "b");
    assert_int_equal(t.ports[1].port, 8080);
    assert_string_equal(t.ports[0].address, "10.0.0.7");
    json_decref(task);
    task = json("{}"); /* nothing at all is no crash */
    t = ecs_task(task, "foo", NULL, &config, &a);
    assert_string_equal(t.ipaddress, "");
    assert_int_equal(t.n_ports, 0);
    json_decref(task);
    task = json(
        "{\"lastStatus\":\"STOPPED\",\"desiredStatus\":\"STOPPED\",\"stoppedReason\":\"Essential\","
        "\"containers\":[{\"name\":\"a\",\"exitCode\":137,\"reason\":\"OutOfMemoryError\"},"
        "{\"name\":\"b\",\"exitCode\":0}],\"attachments\":3,\"overrides\":[],\"tags\":{}}");
    t = ecs_task(task, "foo", definition, &config, &a);
    assert_string_equal(t.stopped_reason, "Essential; a: OutOfMemoryError; a: exit code 137");
    json_decref(task);
    json_decref(definition);
}

static struct ecs_arns arns(const char *const *items, size_t n)
{
    return (struct ecs_arns){.items = (const char **)(uintptr_t)items, .len = n};
}

static bool all_ours(const json_t *task)
{
    return !json_object_get(task, "foreign");
}

/* Describes `asked` as it is now: the answer of the service. */
static void describe(struct task_cache *c, const char *const *asked, size_t n, const char *answer,
                     int64_t now)
{
    struct ecs_arns list = arns(asked, n);
    json_t *tasks = json(answer);

    task_cache_described(c, &list, tasks, all_ours, now);
    json_decref(tasks);
}

static size_t wanted(const struct task_cache *c, const struct runner_known *known, size_t n)
{
    struct ecs_arns list = {0};

    task_cache_wanted(c, known, n, &a, &list);
    return list.len;
}

#define RUNNING(arn)                                                                               \
    "{\"taskArn\":\"" arn "\",\"lastStatus\":\"RUNNING\",\"desiredStatus\":\"RUNNING\"}"
#define STOPPED(arn, at)                                                                           \
    "{\"taskArn\":\"" arn                                                                          \
    "\",\"lastStatus\":\"STOPPED\",\"desiredStatus\":\"STOPPED\",\"stoppedAt\":" at "}"

static void the_cache_of_tasks(void **state)
{
    static const char *const three[] = {"c", "a", "b"}, *const two[] = {"c", "a"},
                             *const one[] = {"b"};
    struct ecs_arns running = arns(three, 3), left = arns(two, 2), stopped = arns(one, 1),
                    none = {0};
    struct runner_known known[] = {{"a", true}, {"new", true}, {"c", false}};
    struct task_cache c = {0};

    (void)state;
    task_cache_listed(&c, &running, &none, 1000);
    assert_int_equal(wanted(&c, NULL, 0), 3); /* never described */
    describe(&c, three, 3, "[" RUNNING("a") "," RUNNING("b") ",{\"taskArn\":\"c\",\"foreign\":1}]",
             1000);
    assert_int_equal(wanted(&c, NULL, 0), 0);  /* settled, or not ours */
    assert_int_equal(wanted(&c, known, 3), 2); /* what it does not have; what the caller awaits */
    task_cache_listed(&c, &left, NULL, 2000);
    assert_int_equal(wanted(&c, NULL, 0), 1); /* b has vanished from what runs */
    describe(&c, one, 1, "[" STOPPED("b", "2") "]", 2000);
    assert_int_equal(wanted(&c, NULL, 0), 0);
    task_cache_listed(&c, &left, &stopped, 3600 * 1000 + 3000);
    assert_int_equal(c.len, 3); /* as long as it is listed */
    task_cache_listed(&c, &left, &none, 3600 * 1000 + 3000);
    assert_int_equal(c.len, 2);
    describe(&c, two, 2, "[" RUNNING("c") "]", 5000); /* a is MISSING */
    assert_int_equal(c.len, 1);
    task_cache_free(&c);
}

/* --- link --------------------------------------------------------------------------------------
 */

static void records(void **state)
{
    static const char *exclude[] = {"side*"};
    const struct config_strings excluded = {exclude, 1};
    struct task_port web[] = {{.container = "Web", .address = "10.0.0.2"},
                              {.container = "Web", .address = "10.0.0.2"},
                              {.container = "sidecar", .address = "10.0.0.2"}},
                     more[] = {{.container = "web", .address = "10.0.0.1"}},
                     none[] = {{.container = "web", .address = ""}},
                     v6[] = {{.container = "web", .address = "::1"}};
#define RUNS .last_status = "RUNNING", .desired_status = "RUNNING"
    struct task items[] = {
        {.subdomain = "env", RUNS, .serves = true, .ports = web, .n_ports = 3},
        {.subdomain = "env", RUNS, .serves = true, .ports = more, .n_ports = 1},
        {.subdomain = "env", RUNS, .serves = true, .ports = none, .n_ports = 1},
        {.subdomain = "six", RUNS, .serves = true, .ports = v6, .n_ports = 1},
        {.subdomain = "any-*", RUNS, .serves = true, .ports = more, .n_ports = 1},
        {.subdomain = "ended",
         .last_status = "STOPPED",
         .desired_status = "STOPPED",
         .ports = more,
         .n_ports = 1},
        {.subdomain = "ending",
         .last_status = "RUNNING",
         .desired_status = "STOPPED",
         .ports = more,
         .n_ports = 1},
        {.subdomain = "old", RUNS, .ports = more, .n_ports = 1},
        {.subdomain = "begins",
         .last_status = "PENDING",
         .desired_status = "RUNNING",
         .ports = more,
         .n_ports = 1},
    };
    struct task_list tasks = {items, COUNT(items)};
    struct link_record *list;
    size_t n = link_wanted(&tasks, &excluded, "x.test.", &a, &list);

    (void)state;
    assert_int_equal(n, 1);
    assert_string_equal(list[0].name, "web.env.x.test.");
    assert_string_equal(list[0].addresses, "10.0.0.1 10.0.0.2");
    assert_ptr_equal(link_find(list, n, "web.env.x.test."), &list[0]);
    assert_null(link_find(list, n, "web.env.x.test"));
    tasks = (struct task_list){items + 5, 2};
    n = link_leftover(&tasks, &excluded, "x.test.", &a, &list);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "web.ended.x.test.");
    assert_string_equal(list[1].name, "web.ending.x.test.");
}

/* Of a range the ports that requests are sent to; else the first, for link. */
static void ranges_of_ports(void **state)
{
    static const struct {
        const char *range, *ports;
    } list[] = {
        {"3000-3010", "3000 3005 "},
        {"80-80", "80 "},
        {"79-81", "80 "},
        {"4000-4010", "4000 "},
        {"1-65535", "80 3000 3005 "},
        {"3000", ""},
        {"3010-3000", ""},
        {"0-80", ""},
        {"80-65536", ""},
        {"80-81x", ""},
        {"", ""},
    };
    struct config_listen http[] = {
        {.target = 80}, {.target = 3000}, {.target = 3005}, {.target = 80}};
    const struct config config = {.listen = {.http = http, .n_http = COUNT(http)}};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        json_t *task = json("{}"),
               *definition = json(
                   arena_printf(&a,
                                "{\"containerDefinitions\":[{\"name\":\"a\",\"portMappings\":["
                                "{\"containerPortRange\":\"%s\"},{\"containerPortRange\":\"80-81\","
                                "\"protocol\":\"udp\"}]}]}",
                                list[i].range));
        struct task t = ecs_task(task, "foo", definition, &config, &a);
        const char *ports = "";
        for (size_t k = 0; k < t.n_ports; k++) {
            ports = arena_printf(&a, "%s%d ", ports, t.ports[k].container_port);
            assert_int_equal(t.ports[k].port, t.ports[k].container_port);
            assert_string_equal(t.ports[k].container, "a");
        }
        assert_string_equal(ports, list[i].ports);
        json_decref(task);
        json_decref(definition);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ranges_of_ports),
        TEST(what_is_tried_again),
        TEST(pauses),
        TEST(profiles),
        TEST(xml),
        TEST(error_answers),
        TEST(kinds_of_tasks),
        TEST(a_task),
        TEST(the_cache_of_tasks),
        TEST(records),
    };

    return cmocka_run_group_tests_name("aws", tests, NULL, free_arena);
}
