#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define USE_FIPS      "AWS_USE_FIPS_ENDPOINT"
#define USE_DUALSTACK "AWS_USE_DUALSTACK_ENDPOINT"

static const struct aws_service_info services[] = {
    [AWS_ECS] = {"ECS", "ecs", "ecs", "AmazonEC2ContainerServiceV20141113", "ECS", false},
    [AWS_CLOUDWATCH] = {"CloudWatch", "monitoring", "cloudwatch", NULL, "CLOUDWATCH", true},
    [AWS_LOGS] = {"CloudWatch Logs", "logs", "logs", "Logs_20140328", "CLOUDWATCH_LOGS", true},
    [AWS_ROUTE53] = {"Route 53", "route53", "route53", NULL, "ROUTE_53", true},
    [AWS_S3] = {"S3", "s3", "s3", NULL, "S3", false},
    [AWS_STS] = {"STS", "sts", "sts", NULL, "STS", true},
};

/* The SDKs' partitions (AWS Fault Isolation Boundaries, "Partitions"), with the endpoints of Route
 * 53 (AWS General Reference, "Amazon Route 53 endpoints"), which has one for each. */
struct partition {
    const char *region_prefix;
    const char *dns_suffix;
    const char *dualstack_suffix; /* NULL: it has no such endpoints */
    const char *route53_host;
    const char *route53_region;
    const char *route53_fips_host; /* NULL: none is known */
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "route53.amazonaws.com.cn",
     "cn-northwest-1", NULL},
    {"us-gov-", "amazonaws.com", "api.aws", "route53.us-gov.amazonaws.com", "us-gov-west-1",
     "route53.us-gov.amazonaws.com"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "route53.amazonaws.eu", "eusc-de-east-1",
     NULL},
    {"us-iso-", "c2s.ic.gov", NULL, "route53.c2s.ic.gov", "us-iso-east-1", NULL},
    {"us-isob-", "sc2s.sgov.gov", NULL, "route53.sc2s.sgov.gov", "us-isob-east-1", NULL},
    {"eu-isoe-", "cloud.adc-e.uk", NULL, "route53.cloud.adc-e.uk", "eu-isoe-west-1", NULL},
    {"us-isof-", "csp.hci.ic.gov", NULL, "route53.csp.hci.ic.gov", "us-isof-south-1", NULL},
    {"", "amazonaws.com", "api.aws", "route53.amazonaws.com", "us-east-1",
     "route53-fips.amazonaws.com"},
};

static bool is_of(const struct partition *p, const char *region)
{
    return !strncmp(region, p->region_prefix, strlen(p->region_prefix));
}

static const struct partition *partition_of(const char *region)
{
    const struct partition *p = partitions;

    while (!is_of(p, region)) /* the last one takes all */
        p++;
    return p;
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

/* Whether the environment asks for a kind of endpoints (AWS SDKs and Tools Reference Guide,
 * "Dual-stack and FIPS endpoints"). */
static bool asks_for(const char *variable)
{
    const char *value = getenv(variable);

    return value && !strcasecmp(value, "true");
}

static const char *refuse(enum aws_service service, const char *region, const char *variable,
                          const char *kind, struct err *e)
{
    err_set(e, ERR_INVALID,
            "%s: no %s endpoint of %s is known for %s: unset it, or set AWS_ENDPOINT_URL_%s",
            variable, kind, services[service].title, region, services[service].environment);
    return NULL;
}

/* The host, without the bucket. */
static const char *host_of(enum aws_service service, const char *region, struct arena *a,
                           struct err *e)
{
    const struct partition *p = partition_of(region);
    const bool fips = asks_for(USE_FIPS), dualstack = asks_for(USE_DUALSTACK);
    const char *name = services[service].signing;
    /* There the usual endpoints of some services are FIPS's. */
    const bool is_fips_already =
        !dualstack && services[service].gov_is_fips && !strcmp(p->region_prefix, "us-gov-");

    if (dualstack && (!p->dualstack_suffix || service == AWS_ROUTE53))
        return refuse(service, region, USE_DUALSTACK, "dual-stack", e);
    if (fips && ((service == AWS_ROUTE53 && !p->route53_fips_host) ||
                 (service == AWS_S3 && !strcmp(p->region_prefix, "cn-"))))
        return refuse(service, region, USE_FIPS, "FIPS", e);
    if (service == AWS_ROUTE53)
        return fips ? p->route53_fips_host : p->route53_host;
    return arena_printf(a, "%s%s%s.%s.%s", name, fips && !is_fips_already ? "-fips" : "",
                        dualstack && service == AWS_S3 ? ".dualstack" : "", region,
                        dualstack && service != AWS_S3 ? p->dualstack_suffix : p->dns_suffix);
}

const char *aws_endpoint(enum aws_service service, const char *region, const char *bucket,
                         struct arena *a, struct err *e)
{
    const char *url = endpoint_of_environment(service, a), *host;

    if (url)
        return bucket ? arena_printf(a, "%s/%s", url, bucket) : url;
    host = host_of(service, region, a, e);
    if (!host)
        return NULL;
    if (!bucket)
        return arena_printf(a, "https://%s", host);
    if (strchr(bucket, '.')) /* no certificate covers it as a host */
        return arena_printf(a, "https://%s/%s", host, bucket);
    return arena_printf(a, "https://%s.%s", bucket, host);
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
