"""Whether parsed parameters keep to a shape: botocore's own validator, and what that one leaves to the service.

The service's part: maximum lengths and ranges, enumerations, patterns, 32-bit integers.
"""

import functools
import re

from botocore.validate import ParamValidator

_validator = ParamValidator()
_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def problems(params, shape):
    """A sentence for each thing that is wrong, [] when nothing is."""
    found = []
    report = _validator.validate(params, shape)
    if report.has_errors():
        found += report.generate_report().split("\n")
    _check(params, shape, "", found)
    return found


@functools.lru_cache(maxsize=None)
def _pattern(text):
    text = text.replace(r"\p{L}\p{Z}\p{N}_", r"\w" + _SEPARATORS)
    try:
        return re.compile(text)
    except re.error:
        return None


def _check(value, shape, name, found):
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        for key, item in value.items():
            if key in members:
                _check(item, members[key], f"{name}.{key}", found)
    elif kind == "list" and isinstance(value, list):
        _bounds(len(value), shape, name, "length", found)
        for i, item in enumerate(value):
            _check(item, shape.member, f"{name}[{i}]", found)
    elif kind == "map" and isinstance(value, dict):
        _bounds(len(value), shape, name, "size", found)
        for key, item in value.items():
            _check(key, shape.key, f"{name} (key)", found)
            _check(item, shape.value, f"{name}.{key}", found)
    elif kind == "string" and isinstance(value, str):
        _check_string(value, shape, name, found)
    elif kind in ("integer", "long", "float", "double") and not isinstance(value, bool):
        _bounds(value, shape, name, "value", found)
        limit = {"integer": 1 << 31, "long": 1 << 63}.get(kind)
        if limit and not -limit <= value < limit:
            found.append(f"{name[1:]} does not fit into {kind}")


def _check_string(value, shape, name, found):
    _bounds(len(value), shape, name, "length", found)
    if shape.enum and value not in shape.enum:
        found.append(f"Value '{value}' at '{name[1:]}' must satisfy enum value set: {shape.enum}")
    pattern = shape.metadata.get("pattern")
    if pattern and (regex := _pattern(pattern)) and not regex.fullmatch(value):
        found.append(f"Value '{value}' at '{name[1:]}' must satisfy regular expression pattern: {pattern}")


def _bounds(number, shape, name, what, found):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and number < low:
        found.append(f"{what} {number} of '{name[1:]}' must be at least {low}")
    if high is not None and number > high:
        found.append(f"{what} {number} of '{name[1:]}' must be at most {high}")
