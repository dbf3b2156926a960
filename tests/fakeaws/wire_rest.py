"""REST-XML (Route 53, S3): parameters in path, query, header and body; answers likewise."""

import re
import secrets
import uuid
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from . import shape_check, wire_xml
from .errors import ApiError
from .http_wire import Response

# what clients add to any request and no operation's model lists
_ANY_HEADER = re.compile(r"x-amz-(date|content-sha256|security-token|user-agent|sdk-.*|te|decoded-content-length|"
                         r"trailer)")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def operation_name(service, request):
    if service.name == "s3":
        return _s3_operation(request)
    for name in ("GetHostedZone", "ChangeResourceRecordSets", "ListResourceRecordSets", "GetChange"):
        http = service.operation(name).http
        if request.method == http["method"] and _path_pattern(http["requestUri"]).fullmatch(request.path):
            return name
    return f"{request.method} {request.path}"


def _path_pattern(uri):
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", uri.partition("?")[0].rstrip("/"))
    return re.compile(pattern + "/?")


def bucket_and_key(request):
    """(bucket, key or None) of either addressing style; the path's escapes undone once."""
    host = (request.header("host") or "").rsplit(":", 1)[0]
    path = unquote(request.path, errors="strict")
    label = re.match(r"(.+?)\.s3[.-]", host) or re.match(r"(.+)\.(?:localhost|localtest)$", host)
    if label:
        return label.group(1), path[1:] or None
    bucket, _, key = path[1:].partition("/")
    return bucket, key or None


def _s3_operation(request):
    _, key = bucket_and_key(request)
    names = {pair.partition("=")[0] for pair in request.query.split("&")}
    if request.method in ("GET", "HEAD", "PUT", "DELETE") and key:
        for subresource in ("acl", "tagging", "uploads", "uploadId", "attributes", "torrent", "retention"):
            if subresource in names:
                return f"{request.method} {request.path}?{subresource}"
        return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[request.method]
    if request.method == "GET" and "list-type=2" in request.query.split("&"):
        return "ListObjectsV2"
    return f"{request.method} {request.target}"


def parse(service, operation, request):
    shape, params, found = operation.input_shape, {}, []
    query = _query(request, found)
    try:
        labels = _labels(service, operation, request)
    except UnicodeDecodeError as e:
        raise ApiError("SerializationException", f"the path is not UTF-8: {e}") from e
    in_body = []
    known_headers = set()
    for name, member in shape.members.items():
        place, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        text = None
        if place == "uri":
            text = labels[wire_name]
        elif place == "querystring":
            text = query.pop(wire_name, None)
        elif place == "header":
            known_headers.add(wire_name.lower())
            text = request.header(wire_name)
        elif place == "headers":
            params.update(_prefixed(request, name, wire_name, known_headers))
        else:
            in_body.append(name)
        if text is not None:
            params[name] = _scalar(text, member, name, place, found)
    _check_rest(service, operation, request, query, known_headers, found)
    _read_body(operation, request, shape, in_body, params, found)
    if found:
        raise ApiError("SerializationException", "; ".join(found))
    if found := shape_check.problems(params, shape):
        raise ApiError("ValidationException", "; ".join(found))
    return params


def _query(request, found):
    values = {}
    for pair in filter(None, request.query.split("&")):
        name, _, value = pair.partition("=")
        if _ESCAPE.search(pair):
            found.append(f"bad escape in {pair}")
        name = unquote(name, errors="strict")
        if name in values:
            found.append(f"{name} is there twice")
        values[name] = unquote(value.replace("+", " "), errors="strict")
    return values


def _labels(service, operation, request):
    if service.name == "s3":
        bucket, key = bucket_and_key(request)
        return {"Bucket": bucket, "Key": key}
    match = _path_pattern(operation.http["requestUri"]).fullmatch(request.path)
    return {name: unquote(value, errors="strict") for name, value in match.groupdict().items()}


def _prefixed(request, name, prefix, known_headers):
    values = {}
    for key, value in request.headers:
        if key.lower().startswith(prefix.lower()):
            known_headers.add(key.lower())
            values[key.lower()[len(prefix):]] = value
    return {name: values} if values else {}


def _scalar(text, member, name, place, found):
    try:
        if member.type_name == "timestamp" and place == "header":
            return parsedate_to_datetime(text)
        return wire_xml.scalar(text, member)
    except (ValueError, TypeError):
        found.append(f"{name}: {member.type_name} expected, not {text[:60]!r}")
        return None


def _check_rest(service, operation, request, query, known_headers, found):
    static = {part.partition("=")[0] for part in operation.http["requestUri"].partition("?")[2].split("&")}
    for name in query.keys() - static - {"x-id"}:
        found.append(f"{operation.name} has no query parameter {name}")
    for name, _ in request.headers:
        if name.lower().startswith("x-amz-") and name.lower() not in known_headers and not _ANY_HEADER.match(
                name.lower()):
            found.append(f"{operation.name} has no header {name}")


def _read_body(operation, request, shape, in_body, params, found):
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name in ("blob", "string"):
        params[payload] = request.body
        return
    if not in_body:
        if request.body:
            found.append(f"{operation.name} has no body")
        return
    namespace = shape.serialization.get("xmlNamespace", {}).get("uri")
    root = wire_xml.parse_document(request.body, shape.serialization.get("name", shape.name), namespace)
    params.update(wire_xml.from_element(root, shape, "", found, only=set(in_body)))


def render(service, operation, output):
    """output may have "_headers": fields that the model does not name."""
    output = dict(output or {})
    headers = {"x-amz-request-id" if service.name == "s3" else "x-amzn-RequestId":
               secrets.token_hex(8).upper() if service.name == "s3" else str(uuid.uuid4())}
    headers.update(output.pop("_headers", {}))
    status = output.pop("_status", 200)
    shape = operation.output_shape
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        value = output.get(name)
        place = member.serialization.get("location")
        if value is None:
            continue
        if place == "header":
            headers[member.serialization["name"]] = wire_xml.text_of(value, member, header=True)
        elif place == "headers":
            headers.update({member.serialization["name"] + key: text for key, text in value.items()})
    if payload:
        return Response(status, headers, output.get(payload) or b"")
    inner = "".join(wire_xml.members(output, shape))
    if service.name == "s3" and not inner:
        return Response(status, headers)
    root = "ListBucketResult" if operation.name == "ListObjectsV2" else shape.name
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/" if service.name == "s3" else service.namespace
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{namespace}">{inner}</{root}>'
    headers["Content-Type"] = "application/xml" if service.name == "s3" else "text/xml"
    return Response(status, headers, text.encode())
