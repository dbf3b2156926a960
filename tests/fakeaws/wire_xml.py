"""Values as XML, both ways, by botocore's shapes: member names, flattened lists, attributes, namespaces."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from botocore.utils import parse_to_aware_datetime

from .errors import ApiError

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def scalar(text, shape):
    """A scalar from its text. ValueError when it is not one."""
    kind = shape.type_name
    if kind in ("integer", "long"):
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        return int(text)
    if kind in ("float", "double"):
        if not _FLOAT.fullmatch(text):
            raise ValueError(text)
        return float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text] if text in ("true", "false") else _bad(text)
    if kind == "timestamp":
        return parse_to_aware_datetime(text) if _TIME.fullmatch(text) else _bad(text)
    return text


def _bad(text):
    raise ValueError(text)


def text_of(value, shape, header=False):
    """A scalar as text."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        if not isinstance(value, datetime):
            value = datetime.fromtimestamp(value, timezone.utc)
        if header:
            return format_datetime(value.astimezone(timezone.utc), usegmt=True)
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind in ("float", "double"):
        return repr(float(value))
    return str(value)


def members(output, shape):
    """The elements of a structure's members, without those that live in headers or are attributes."""
    unknown = output.keys() - shape.members.keys()
    assert not unknown, f"{shape.name} has no {unknown}"
    parts = []
    for name, member in shape.members.items():
        if output.get(name) is None or "location" in member.serialization or member.serialization.get("xmlAttribute"):
            continue
        parts.append(element(member.serialization.get("name", name), output[name], member))
    return parts


def element(name, value, shape):
    kind = shape.type_name
    attributes = ""
    namespace = shape.serialization.get("xmlNamespace")
    if namespace:
        prefix = ":" + namespace["prefix"] if namespace.get("prefix") else ""
        attributes = f" xmlns{prefix}={quoteattr(namespace['uri'])}"
    if kind == "structure":
        for key, member in shape.members.items():
            if member.serialization.get("xmlAttribute") and value.get(key) is not None:
                attributes += f" {member.serialization['name']}={quoteattr(value[key])}"
        return f"<{name}{attributes}>{''.join(members(value, shape))}</{name}>"
    if kind == "list":
        if shape.serialization.get("flattened"):
            item_name = shape.member.serialization.get("name", name)
            return "".join(element(item_name, item, shape.member) for item in value)
        item_name = shape.member.serialization.get("name", "member")
        return f"<{name}>{''.join(element(item_name, item, shape.member) for item in value)}</{name}>"
    return f"<{name}{attributes}>{_escape(text_of(value, shape))}</{name}>"


def _escape(text):
    return escape(text, {"\r": "&#13;", '"': "&quot;"})


def parse_document(body, root_name, namespace):
    """The root element of a request's body."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ApiError("SerializationException", "no document type here")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as e:
        raise ApiError("SerializationException", f"the body is not XML: {e}") from e
    if root.tag != (f"{{{namespace}}}" if namespace else "") + root_name:
        raise ApiError("SerializationException", f"root {root_name} in namespace {namespace} expected, not {root.tag}")
    return root


def from_element(node, shape, name, found, only=None):
    """The value of an element. only: the members that may be there (others live elsewhere in the request)."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(node, shape, name, found, only)
    if kind == "list":
        item_name = shape.member.serialization.get("name", "member")
        for child in node:
            if _local(child) != item_name:
                found.append(f"{name[1:]} has no {_local(child)}")
        return [from_element(child, shape.member, f"{name}[{i}]", found)
                for i, child in enumerate(node) if _local(child) == item_name]
    if len(node):
        found.append(f"{name[1:]} has elements inside")
    text = node.text or ""
    try:
        return base64.b64decode(text, validate=True) if kind == "blob" else scalar(text, shape)
    except ValueError:
        found.append(f"{name[1:]}: {kind} expected, not {text[:60]!r}")
        return None


def _structure(node, shape, name, found, only):
    by_wire_name = {member.serialization.get("name", key): key for key, member in shape.members.items()
                    if (only is None or key in only)}
    values = {}
    if (node.text or "").strip():
        found.append(f"{name[1:] or 'body'}: text between elements")
    for child in node:
        key = by_wire_name.get(_local(child))
        if key is None:
            found.append(f"{name[1:] or 'body'} has no member {_local(child)}")
            continue
        member = shape.members[key]
        if member.type_name == "list" and member.serialization.get("flattened"):
            values.setdefault(key, []).append(from_element(child, member.member, f"{name}.{key}", found))
        elif key in values:
            found.append(f"{name[1:] or 'body'}: {key} is there twice")
        else:
            values[key] = from_element(child, member, f"{name}.{key}", found)
    return values


def _local(node):
    return node.tag.rpartition("}")[2]
