"""AWS Query (CloudWatch, STS): a form in, XML out."""

import base64
import binascii
import re
import uuid
from urllib.parse import unquote_plus

from . import shape_check, wire_xml
from .errors import ApiError
from .http_wire import Response
from .wire_xml import scalar

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _form(request):
    pairs = {}
    text = request.content().decode("utf-8")
    for pair in filter(None, text.split("&")):
        name, equals, value = pair.partition("=")
        if not equals or _ESCAPE.search(pair):
            raise ApiError("SerializationException", f"not a form: {pair[:80]}")
        name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
        if name in pairs:
            raise ApiError("SerializationException", f"{name} is there twice")
        pairs[name] = value
    return pairs


def operation_name(service, request):
    try:
        pairs = _form(request)
    except ValueError as e:
        raise ApiError("SerializationException", f"the body is not a form: {e}") from e
    version = service.model.metadata["apiVersion"]
    if request.method != "POST" or request.path != "/" or request.query or pairs.get("Version") != version:
        return f"{request.method} {request.target} {pairs.get('Action')} {pairs.get('Version')}"
    return pairs.get("Action", "")


def parse(service, operation, request):
    pairs = _form(request)
    del pairs["Action"], pairs["Version"]
    found = []
    params = _read(pairs, "", operation.input_shape, found) or {}
    found += [f"{operation.name} has no parameter {name}" for name in pairs]
    if found:
        raise ApiError("SerializationException", "; ".join(found))
    if found := shape_check.problems(params, operation.input_shape):
        raise ApiError("ValidationException", "; ".join(found))
    return params


def _read(pairs, prefix, shape, found):
    """The value under a prefix, None when there is none. What was read is taken out of pairs."""
    kind = shape.type_name
    if kind == "structure":
        members = {}
        # group once by the next part of the name: a form of 1,000 datums has 10,000 names
        groups = _groups(pairs, prefix)
        for name, member in shape.members.items():
            wire_name = _wire_name(name, member)
            if wire_name in groups:
                value = _read(groups[wire_name], f"{prefix}.{wire_name}" if prefix else wire_name, member, found)
                _merge(pairs, groups[wire_name])
                if value is not None:
                    members[name] = value
        return members
    if kind == "list":
        return _read_list(pairs, prefix, shape, found)
    if kind == "map":
        found.append(f"{prefix}: maps are not read here")
        return None
    if prefix not in pairs:
        return None
    text = pairs.pop(prefix)
    return _scalar(text, shape, prefix, found)


class _Group(dict):
    """Part of the form; taken remembers what was read from it."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def pop(self, name):
        self.taken.append(name)
        return super().pop(name)


def _groups(pairs, prefix):
    groups = {}
    skip = len(prefix) + 1 if prefix else 0
    for name, value in pairs.items():
        if prefix and not name.startswith(prefix + "."):
            continue
        first = name[skip:].partition(".")[0]
        groups.setdefault(first, _Group())[name] = value
    return groups


def _merge(pairs, group):
    for name in group.taken:
        if dict.__contains__(pairs, name):
            if isinstance(pairs, _Group):
                pairs.taken.append(name)
            dict.pop(pairs, name)


def _wire_name(name, member):
    if member.type_name == "list" and member.serialization.get("flattened"):
        return member.member.serialization.get("name", name)
    return member.serialization.get("name", name)


def _read_list(pairs, prefix, shape, found):
    if pairs.get(prefix) == "":
        pairs.pop(prefix)
        return []
    if not shape.serialization.get("flattened"):
        prefix += "." + shape.member.serialization.get("name", "member")
    groups = _groups(pairs, prefix)
    items = []
    for i in range(1, len(groups) + 1):
        group = groups.get(str(i))
        if group is None:
            found.append(f"{prefix}: numbers are 1 to {len(groups)}, but there is no {i}")
            break
        items.append(_read(group, f"{prefix}.{i}", shape.member, found))
        _merge(pairs, group)
    return items


def _scalar(text, shape, name, found):
    try:
        if shape.type_name == "blob":
            return base64.b64decode(text, validate=True)
        return scalar(text, shape)
    except (ValueError, binascii.Error):
        found.append(f"{name}: {shape.type_name} expected, not {text[:60]!r}")
        return None


def render(service, operation, output):
    """`<XResponse><XResult>…</XResult><ResponseMetadata>…`."""
    request_id = str(uuid.uuid4())
    inner, shape = "", operation.output_shape
    if shape is not None:
        inner = "".join(wire_xml.members(output or {}, shape))
        wrapper = shape.serialization.get("resultWrapper")
        if wrapper:
            inner = f"<{wrapper}>{inner}</{wrapper}>"
    text = (f'<{operation.name}Response xmlns="{service.namespace}">{inner}<ResponseMetadata><RequestId>{request_id}'
            f"</RequestId></ResponseMetadata></{operation.name}Response>")
    return Response(200, {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}, text.encode())
