"""The services as botocore's models describe them: which exist, their operations, how each is told from a request."""

import functools
import re
import threading

from botocore.loaders import Loader
from botocore.model import ServiceModel

from . import wire_json, wire_query, wire_rest
from .errors import ApiError
from .signature import scope_of

SERVICES = ("ecs", "logs", "cloudwatch", "sts", "route53", "s3")
_SIGNING = {"cloudwatch": "monitoring"}
_TARGETS = {"AmazonEC2ContainerServiceV20141113": "ecs", "Logs_20140328": "logs"}
_VERSIONS = {"2010-08-01": "cloudwatch", "2011-06-15": "sts"}
# members that AWS has added since this botocore, where a client has good reason to send them
_LATER = {"ecs": {"RunTaskRequest": {"clientToken": {"shape": "String"}}},
          "s3": {"PutObjectRequest": {"IfNoneMatch": {"shape": "IfNoneMatch", "location": "header", "locationName": "If-None-Match"}},
                 "DeleteObjectRequest": {"IfMatch": {"shape": "IfMatch", "location": "header", "locationName": "If-Match"}}}}
_WIRE = {"json": wire_json, "query": wire_query, "rest-xml": wire_rest}


class ServiceApi:
    """One service's model. parse() gives (operation name, parameters); render() an answer."""

    def __init__(self, name):
        description = Loader().load_service_model(name, "service-2")
        for shape, members in _LATER.get(name, {}).items():
            for member, value in members.items():
                description["shapes"][shape]["members"].setdefault(member, value)
        self.name = name
        self.model = ServiceModel(description, name)
        self.protocol = self.model.metadata["protocol"]
        self.wire = _WIRE[self.protocol]
        self.signing_name = _SIGNING.get(name, name)
        self.namespace = self.model.metadata.get("xmlNamespace") or "https://route53.amazonaws.com/doc/2013-04-01/"
        self.target_prefix = self.model.metadata.get("targetPrefix")
        self.operations = set(self.model.operation_names)

    def regions(self, region):
        if self.name == "route53":
            return {"us-east-1"}
        return {region, "us-east-1"} if self.name == "sts" else {region}

    @functools.lru_cache(maxsize=None)
    def operation(self, name):
        return self.model.operation_model(name)

    def operation_name(self, request):
        """What is asked for; ApiError when the service has no such operation."""
        name = self.wire.operation_name(self, request)
        if name not in self.operations:
            raise ApiError("UnknownOperationException", f"The operation {name} is not known.", 400)
        return name

    def parse(self, request, operation_name):
        return self.wire.parse(self, self.operation(operation_name), request)

    def render(self, operation_name, output):
        return self.wire.render(self, self.operation(operation_name), output)


_loaded = {}
_loading = threading.Lock()


def service(name):
    with _loading:
        if name not in _loaded:
            _loaded[name] = ServiceApi(name)
        return _loaded[name]


def service_of(request):
    """The service that a request is for, from what it asks rather than from how it is signed."""
    prefix = (request.header("x-amz-target") or "").partition(".")[0]
    if prefix:
        return service(_TARGETS[prefix]) if prefix in _TARGETS else _scoped(request, "ecs")
    if request.path.startswith("/2013-04-01/"):
        return service("route53")
    content_type = (request.header("content-type") or "").partition(";")[0]
    if request.path == "/" and request.method == "POST" and content_type == "application/x-www-form-urlencoded":
        match = re.search(rb"(?:^|&)Version=([0-9-]+)", request.content())
        version = match.group(1).decode() if match else ""
        return service(_VERSIONS[version]) if version in _VERSIONS else _scoped(request, "sts")
    return _scoped(request, "s3")


def _scoped(request, default):
    scope = scope_of(request)
    names = {_SIGNING.get(name, name): name for name in SERVICES}
    return service(names.get(scope[3], default) if scope else default)
