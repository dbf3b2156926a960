/* Where a service of AWS is asked: endpoints by service, region and environment; S3 URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "aws/s3.h"
#include "aws/service.h"
#include "skip.h"

#define TEST(name)   cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena a;

static int no_environment(void **state)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_S3",
                                        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_PROFILE",
                                        "AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_ENDPOINT_URL_ECS"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(&a);
    return 0;
}

static void endpoints(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region, *bucket, *url, *signing;
    } list[] = {
        {AWS_ECS, "ap-northeast-1", NULL, "https://ecs.ap-northeast-1.amazonaws.com",
         "ap-northeast-1"},
        {AWS_ECS, "cn-north-1", NULL, "https://ecs.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {AWS_ECS, "us-gov-east-1", NULL, "https://ecs.us-gov-east-1.amazonaws.com",
         "us-gov-east-1"},
        {AWS_CLOUDWATCH, "eu-west-1", NULL, "https://monitoring.eu-west-1.amazonaws.com",
         "eu-west-1"},
        {AWS_LOGS, "eu-west-1", NULL, "https://logs.eu-west-1.amazonaws.com", "eu-west-1"},
        {AWS_STS, "cn-north-1", NULL, "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {AWS_ROUTE53, "eu-west-1", NULL, "https://route53.amazonaws.com", "us-east-1"},
        {AWS_ROUTE53, "cn-north-1", NULL, "https://route53.amazonaws.com.cn", "cn-northwest-1"},
        {AWS_ROUTE53, "us-gov-east-1", NULL, "https://route53.us-gov.amazonaws.com",
         "us-gov-west-1"},
        {AWS_S3, "eu-west-1", "my-bucket", "https://my-bucket.s3.eu-west-1.amazonaws.com",
         "eu-west-1"},
        {AWS_S3, "eu-west-1", "my.bucket", "https://s3.eu-west-1.amazonaws.com/my.bucket",
         "eu-west-1"},
        {AWS_S3, "cn-north-1", "my-bucket", "https://my-bucket.s3.cn-north-1.amazonaws.com.cn",
         "cn-north-1"},
        {AWS_ECS, "eusc-de-east-1", NULL, "https://ecs.eusc-de-east-1.amazonaws.eu",
         "eusc-de-east-1"},
        {AWS_ROUTE53, "eusc-de-east-1", NULL, "https://route53.amazonaws.eu", "eusc-de-east-1"},
        {AWS_S3, "eusc-de-east-1", "b-c", "https://b-c.s3.eusc-de-east-1.amazonaws.eu",
         "eusc-de-east-1"},
        {AWS_ECS, "us-iso-west-1", NULL, "https://ecs.us-iso-west-1.c2s.ic.gov", "us-iso-west-1"},
        {AWS_ROUTE53, "us-iso-west-1", NULL, "https://route53.c2s.ic.gov", "us-iso-east-1"},
        {AWS_LOGS, "us-isob-east-1", NULL, "https://logs.us-isob-east-1.sc2s.sgov.gov",
         "us-isob-east-1"},
        {AWS_STS, "eu-isoe-west-1", NULL, "https://sts.eu-isoe-west-1.cloud.adc-e.uk",
         "eu-isoe-west-1"},
        {AWS_ROUTE53, "us-isof-east-1", NULL, "https://route53.csp.hci.ic.gov", "us-isof-south-1"},
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        assert_string_equal(aws_endpoint(list[i].service, list[i].region, list[i].bucket, &a, &e),
                            list[i].url);
        assert_string_equal(aws_signing_region(list[i].service, list[i].region), list[i].signing);
    }
}

static enum aws_service service_of(const char *botocore)
{
    static const char *const names[] = {[AWS_ECS] = "ecs",   [AWS_CLOUDWATCH] = "cloudwatch",
                                        [AWS_LOGS] = "logs", [AWS_ROUTE53] = "route53",
                                        [AWS_S3] = "s3",     [AWS_STS] = "sts"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (!strcmp(names[i], botocore))
            return (enum aws_service)i;
    fail_msg("botocore's %s is none of ours", botocore);
    return AWS_ECS;
}

/* What botocore's rules make up for a name that is in no DNS may be refused here. */
static bool may_be_refused(const char *service, const char *region, bool dualstack, const char *url)
{
    return !strcmp(url, "-") || !strcmp(service, "route53") ||
           (dualstack && strstr(region, "-iso"));
}

/* Every region of botocore's, with and without FIPS and dual-stack. */
static void endpoints_are_those_of_botocore(void **state)
{
    FILE *rows = popen("/usr/bin/python3 " MIRAGE_TESTS "/unit/data/endpoints.py", "r");
    char service[16], region[32], url[128];
    size_t n = 0, wrong = 0;
    int fips, dualstack, status;
    struct err e;

    (void)state;
    assert_non_null(rows);
    while (fscanf(rows, "%15s %31s %d %d %127s", service, region, &fips, &dualstack, url) == 5) {
        const char *ours;
        setenv("AWS_USE_FIPS_ENDPOINT", fips ? "true" : "false", 1);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", dualstack ? "True" : "", 1);
        ours = aws_endpoint(service_of(service), region,
                            !strcmp(service, "s3") ? "my-bucket" : NULL, &a, &e);
        n++;
        if (ours ? !strcmp(ours, url) : may_be_refused(service, region, dualstack, url))
            continue;
        print_error("%s %s fips %d dualstack %d: %s, and here %s\n", service, region, fips,
                    dualstack, url, ours ? ours : e.text);
        wrong++;
    }
    status = pclose(rows);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        skip_because("there is no python3");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip_because("python3 has no botocore");
    assert_int_equal(status, 0);
    assert_true(n > 500);
    assert_int_equal(wrong, 0);
}

static void endpoints_that_there_are_not(void **state)
{
    struct err e;

    (void)state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_null(aws_endpoint(AWS_ROUTE53, "cn-north-1", NULL, &a, &e));
    assert_string_equal(e.text, "AWS_USE_FIPS_ENDPOINT: no FIPS endpoint of Route 53 is known for "
                                "cn-north-1: unset it, or set AWS_ENDPOINT_URL_ROUTE_53");
    assert_null(aws_endpoint(AWS_S3, "cn-north-1", "my-bucket", &a, &e));
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    assert_null(aws_endpoint(AWS_ECS, "us-iso-east-1", NULL, &a, &e));
    assert_string_equal(e.text,
                        "AWS_USE_DUALSTACK_ENDPOINT: no dual-stack endpoint of ECS is known for "
                        "us-iso-east-1: unset it, or set AWS_ENDPOINT_URL_ECS");
    setenv("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:4", 1);
    assert_string_equal(aws_endpoint(AWS_ECS, "us-iso-east-1", NULL, &a, &e), "http://127.0.0.1:4");
}

static void endpoints_of_the_environment(void **state)
{
    struct err e;

    (void)state;
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/", 1);
    setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2", 1);
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:3", 1);
    assert_string_equal(aws_endpoint(AWS_ECS, "x-1", NULL, &a, &e), "http://127.0.0.1:1");
    assert_string_equal(aws_endpoint(AWS_S3, "x-1", "b.c", &a, &e), "http://127.0.0.1:2/b.c");
    assert_string_equal(aws_endpoint(AWS_LOGS, "x-1", NULL, &a, &e), "http://127.0.0.1:3");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_string_equal(aws_endpoint(AWS_ECS, "x-1", NULL, &a, &e),
                        "https://ecs.x-1.amazonaws.com");
}

static void regions(void **state)
{
    static const char *const bad[] = {"",   "-",   "a.b", "US-EAST-1",
                                      "x/", "a b", "a@b", "us-east-1-"};

    (void)state;
    assert_true(aws_region_is_valid("us-gov-west-1"));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(aws_region_is_valid(bad[i]));
}

static void s3_urls(void **state)
{
    static const char *const bad[] = {"s3://",
                                      "s3://b",
                                      "s3:///key",
                                      "http://bucket/key",
                                      "s3://Bucket/key",
                                      "s3://a/b",
                                      "s3://bucket..x/k",
                                      "s3://-bucket/k",
                                      "s3://evil.example.net@x/k"};
    struct s3_location l;
    struct err e;

    (void)state;
    assert_int_equal(s3_parse("s3://bucket/a/b c.yaml", &a, &l, &e), 0);
    assert_string_equal(l.bucket, "bucket");
    assert_string_equal(l.key, "a/b c.yaml");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(s3_parse(bad[i], &a, &l, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(endpoints),
        cmocka_unit_test_teardown(endpoints_are_those_of_botocore, no_environment),
        cmocka_unit_test_teardown(endpoints_that_there_are_not, no_environment),
        cmocka_unit_test_teardown(endpoints_of_the_environment, no_environment),
        TEST(regions),
        TEST(s3_urls),
    };

    no_environment(NULL);
    return cmocka_run_group_tests_name("aws service", tests, NULL, free_arena);
}
