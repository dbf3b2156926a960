"""awsJson 1.1 (ECS, Logs): X-Amz-Target, JSON both ways, types exactly as the model has them."""

import base64
import binascii
import json
import uuid
from datetime import datetime, timezone

from . import shape_check
from .errors import ApiError
from .http_wire import Response

_TYPES = {"structure": dict, "list": list, "map": dict, "string": str, "boolean": bool}


def operation_name(service, request):
    prefix, _, name = (request.header("x-amz-target") or "").partition(".")
    if prefix != service.target_prefix or request.method != "POST" or request.path != "/" or request.query:
        return f"{request.method} {request.target} {prefix}.{name}"
    return name


def parse(service, operation, request):
    content_type = request.header("content-type") or ""
    if content_type.partition(";")[0].strip() != "application/x-amz-json-1.1":
        raise ApiError("SerializationException", f"Content-Type {content_type!r} is not application/x-amz-json-1.1")
    try:
        value = json.loads(request.body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise ApiError("SerializationException", f"the body is not JSON: {e}") from e
    found = []
    params = from_json(value, operation.input_shape, "", found)
    if found:
        raise ApiError("SerializationException", "; ".join(found))
    if found := shape_check.problems(params, operation.input_shape):
        code = "InvalidParameterException" if service.name in ("ecs", "logs") else "ValidationException"
        raise ApiError(code, "; ".join(found))
    return params


def _unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _no_constant(text):
    raise ValueError(f"{text} is not JSON")


def from_json(value, shape, name, found):
    """The value as botocore has parameters; what does not fit is said in found."""
    kind = shape.type_name
    expected = _TYPES.get(kind)
    if expected and not isinstance(value, expected):
        found.append(f"{name[1:] or 'body'}: {kind} expected, not {json.dumps(value)[:60]}")
        return value
    if kind == "structure":
        for key in value.keys() - shape.members.keys():
            found.append(f"{name[1:] or 'body'} has no member {key}")
        return {key: from_json(item, shape.members[key], f"{name}.{key}", found)
                for key, item in value.items() if key in shape.members}
    if kind == "list":
        return [from_json(item, shape.member, f"{name}[{i}]", found) for i, item in enumerate(value)]
    if kind == "map":
        return {key: from_json(item, shape.value, f"{name}.{key}", found) for key, item in value.items()}
    if kind in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        found.append(f"{name[1:]}: {kind} expected, not {json.dumps(value)[:60]}")
    elif kind in ("float", "double", "timestamp"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found.append(f"{name[1:]}: {kind} expected, not {json.dumps(value)[:60]}")
        elif kind == "timestamp":
            return datetime.fromtimestamp(value, timezone.utc)
    elif kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            found.append(f"{name[1:]}: base64 expected")
    return value


def render(service, operation, output):
    """Handlers of JSON services give the wire form already: times are numbers."""
    body = json.dumps(output or {}).encode()
    return Response(200, {"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": "application/x-amz-json-1.1"}, body)
