#include "service.h"

#include <stdlib.h>
#include <string.h>

static const struct aws_service_info services[] = {
    [AWS_ECS] = {"ECS", "ecs", "ecs", "AmazonEC2ContainerServiceV20141113", "ECS"},
    [AWS_CLOUDWATCH] = {"CloudWatch", "monitoring", "cloudwatch", NULL, "CLOUDWATCH"},
    [AWS_LOGS] = {"CloudWatch Logs", "logs", "logs", "Logs_20140328", "CLOUDWATCH_LOGS"},
    [AWS_ROUTE53] = {"Route 53", "route53", "route53", NULL, "ROUTE_53"},
    [AWS_S3] = {"S3", "s3", "s3", NULL, "S3"},
    [AWS_STS] = {"STS", "sts", "sts", NULL, "STS"},
};

/* https://docs.aws.amazon.com/general/latest/gr/r53.html and its neighbours for the others. */
struct partition {
    const char *region_prefix;
    const char *dns_suffix;
    const char *route53_host;
    const char *route53_region;
};

static const struct partition *partition_of(const char *region)
{
    static const struct partition china = {"cn-", "amazonaws.com.cn", "route53.amazonaws.com.cn",
                                           "cn-northwest-1"};
    static const struct partition gov = {"us-gov-", "amazonaws.com", "route53.us-gov.amazonaws.com",
                                         "us-gov-west-1"};
    static const struct partition commercial = {"", "amazonaws.com", "route53.amazonaws.com",
                                                "us-east-1"};

    if (!strncmp(region, china.region_prefix, strlen(china.region_prefix)))
        return &china;
    if (!strncmp(region, gov.region_prefix, strlen(gov.region_prefix)))
        return &gov;
    return &commercial;
}

const struct aws_service_info *aws_service_info(enum aws_service service)
{
    return &services[service];
}

bool aws_region_is_valid(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 63 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           text[0] != '-' && text[len - 1] != '-';
}

/* An endpoint that the environment names; NULL when it names none. */
static const char *endpoint_of_environment(enum aws_service service, struct arena *a)
{
    const char *ignore = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), *url;
    char *copy;
    size_t len;

    if (ignore && !strcmp(ignore, "true"))
        return NULL;
    url = getenv(arena_printf(a, "AWS_ENDPOINT_URL_%s", services[service].environment));
    if (!url || !*url)
        url = getenv("AWS_ENDPOINT_URL");
    if (!url || !*url)
        return NULL;
    copy = arena_strdup(a, url);
    for (len = strlen(copy); len > 0 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    return copy;
}

const char *aws_endpoint(enum aws_service service, const char *region, const char *bucket,
                         struct arena *a)
{
    const struct partition *p = partition_of(region);
    const char *url = endpoint_of_environment(service, a);

    if (service == AWS_S3 && bucket) {
        if (url)
            return arena_printf(a, "%s/%s", url, bucket);
        if (strchr(bucket, '.')) /* no certificate covers it as a host */
            return arena_printf(a, "https://s3.%s.%s/%s", region, p->dns_suffix, bucket);
        return arena_printf(a, "https://%s.s3.%s.%s", bucket, region, p->dns_suffix);
    }
    if (url)
        return url;
    if (service == AWS_ROUTE53)
        return arena_printf(a, "https://%s", p->route53_host);
    return arena_printf(a, "https://%s.%s.%s", services[service].signing, region, p->dns_suffix);
}

const char *aws_signing_region(enum aws_service service, const char *region)
{
    return service == AWS_ROUTE53 ? partition_of(region)->route53_region : region;
}

const char *aws_elb_public_key_url(const char *region, struct arena *a)
{
    const struct partition *p = partition_of(region);

    if (!strcmp(p->region_prefix, "us-gov-"))
        return arena_printf(a, "https://s3-%s.amazonaws.com/aws-elb-public-keys-prod-%s/", region,
                            region);
    return arena_printf(a, "https://public-keys.auth.elb.%s.%s/", region, p->dns_suffix);
}
