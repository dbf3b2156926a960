"""What botocore's rules say: SERVICE, REGION, FIPS, DUALSTACK, URL (or - when it refuses), a line each, for every region
that it knows and every service that mirage-ecs calls. Ends with 77 where there is no botocore."""

import itertools
import sys

try:
    from botocore.endpoint_provider import EndpointProvider
    from botocore.exceptions import EndpointProviderError
    from botocore.loaders import Loader
    from botocore.session import Session
except ImportError as e:
    print(e, file=sys.stderr)
    sys.exit(77)

SERVICES = {"ecs": {}, "cloudwatch": {}, "logs": {}, "route53": {}, "sts": {"UseGlobalEndpoint": False},
            "s3": {"Bucket": "my-bucket", "ForcePathStyle": False, "Accelerate": False, "UseGlobalEndpoint": False,
                   "DisableMultiRegionAccessPoints": True}}


def main():
    loader, session = Loader(), Session()
    partitions = loader.load_data("partitions")
    regions = {region for p in session.get_available_partitions()
               for region in session.get_available_regions("ecs", p, allow_non_regional=False)}
    for service, parameters in SERVICES.items():
        rules = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for region, fips, dual in itertools.product(sorted(regions), (False, True), (False, True)):
            try:
                url = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual, **parameters).url
            except EndpointProviderError:
                url = "-"
            print(service, region, int(fips), int(dual), url, sep="\t")


main()
