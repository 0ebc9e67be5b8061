"""Checks values against the shapes of a botocore service model, maxima and patterns included.

boto3 checks only lower bounds before it sends; the service checks everything. Each shape is compiled once into nested
functions, because walking the model for every request would cost more than serving it. The messages follow AWS's
("Value at 'x' failed to satisfy constraint: …") but never repeat the value: it may be personal data.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from personalize_local.errors import MalformedRequest

TOO_LONG = "Member must have length less than or equal to"
Problems = list[str]
Checker = Callable[[Any, str, Problems], None]
"""Called with a JSON value, where it stands, and the list that unmet constraints are added to."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell it, UTF-8 cannot
LATEST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z; beyond it a timestamp is in milliseconds, not in seconds

# The model's patterns are Java's. Python's \w is \p{L}, \p{N} and _, which every class with \p{L} has anyway.
JAVA_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


def compile_shape(shape: Shape) -> Checker:
    """Return the checker of a botocore shape. It raises MalformedRequest at the first value of a wrong JSON type."""
    if isinstance(shape, StructureShape):
        return _structure(shape)
    if isinstance(shape, ListShape):
        return _list(shape)
    if isinstance(shape, MapShape):
        return _map(shape)
    return {"string": _string, "boolean": _boolean, "timestamp": _timestamp}.get(shape.type_name, _number)(shape)


def python_pattern(java: str) -> re.Pattern[str]:
    """Translate one of the model's patterns. Raises re.error on a class that is not translated."""
    for name, members in JAVA_CLASSES.items():
        java = java.replace(name, members)
    return re.compile(java)


def unmet(path: str, constraint: str) -> str:
    """Return AWS's sentence for one unmet constraint."""
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def _wrong_type(path: str, expected: str) -> MalformedRequest:
    return MalformedRequest(f"Value at '{path or 'the body'}' must be a {expected}")


def _structure(shape: StructureShape) -> Checker:
    members = {name: compile_shape(member) for name, member in shape.members.items()}
    required = tuple(shape.required_members)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(path, "structure")
        at = f"{path}." if path else ""
        for name in required:
            if value.get(name) is None:
                problems.append(unmet(at + name, "Member must not be null"))
        for name, member in value.items():
            checker = members.get(name)
            if checker is None:
                problems.append(f"Unknown member '{at}{name}'; known are {', '.join(members)}")
            elif member is not None:
                checker(member, at + name, problems)

    return check


def _list(shape: ListShape) -> Checker:
    check_member, check_size = compile_shape(shape.member), _size(shape)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, list):
            raise _wrong_type(path, "list")
        check_size(value, path, problems)
        for position, member in enumerate(value, start=1):
            check_member(member, f"{path}.{position}.member", problems)

    return check


def _map(shape: MapShape) -> Checker:
    check_key, check_value, check_size = compile_shape(shape.key), compile_shape(shape.value), _size(shape)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(path, "map")
        check_size(value, path, problems)
        for key, member in value.items():
            check_key(key, f"{path}.key", problems)
            check_value(member, f"{path}.value", problems)

    return check


def _size(shape: Shape) -> Checker:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", math.inf)

    def check(value: Any, path: str, problems: Problems) -> None:
        if len(value) < least:
            problems.append(unmet(path, f"Member must have length greater than or equal to {least}"))
        elif len(value) > most:
            problems.append(unmet(path, f"{TOO_LONG} {most}"))

    return check


def _string(shape: Shape) -> Checker:
    check_size, allowed = _size(shape), shape.metadata.get("enum")
    java = shape.metadata.get("pattern")
    pattern = python_pattern(java) if java else None

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, str):
            raise _wrong_type(path, "string")
        if not value.isascii() and LONE_SURROGATE.search(value):
            raise _wrong_type(path, "string of Unicode characters")
        check_size(value, path, problems)
        if pattern and not pattern.fullmatch(value):
            problems.append(unmet(path, f"Member must satisfy regular expression pattern: {java}"))
        if allowed and value not in allowed:
            problems.append(unmet(path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))

    return check


def _boolean(shape: Shape) -> Checker:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, bool):
            raise _wrong_type(path, "boolean")

    return check


def _number(shape: Shape) -> Checker:
    least, most = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    types = (int,) if shape.type_name in ("integer", "long") else (int, float)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, types) or isinstance(value, bool):
            raise _wrong_type(path, shape.type_name)
        if abs(value) == math.inf:
            raise _wrong_type(path, f"finite {shape.type_name}")
        if value < least:
            problems.append(unmet(path, f"Member must have value greater than or equal to {least}"))
        elif value > most:
            problems.append(unmet(path, f"Member must have value less than or equal to {most}"))

    return check


def _timestamp(shape: Shape) -> Checker:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong_type(path, "timestamp in epoch seconds")
        if not 0 <= value <= LATEST_SECOND:
            problems.append(unmet(path, "Member must be a timestamp in epoch seconds"))

    return check
