"""Requests made from botocore's service model: the smallest and the largest it allows, and one for each broken rule.

Nothing here knows what the service checks: the model's shapes are all there is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

INVALID, MALFORMED = "InvalidInputException", "SerializationException"
MANY = 60  # members of a list or map that the model leaves open
LONG = 3000  # characters of a string that the model leaves open

Filled = Callable[[str, int], str]


def _padded(start: str, end: str = "") -> Callable[[int], str]:
    return lambda length: start + "a" * (length - len(start) - len(end)) + end


# Of each pattern in the model: a string of a length that fits it, and one that does not.
PATTERNS: dict[str, tuple[Callable[[int], str], str]] = {
    r"arn:([a-z\d-]+):personalize:.*:.*:.+": (
        _padded("arn:aws:personalize:us-east-1:123456789012:nothing/"),
        "arn:aws:s3:::bucket",
    ),
    r"\p{ASCII}{0,1500}": (_padded(""), "é"),
    r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*": (_padded("a"), "-a"),
    r"arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": (
        _padded("arn:aws:iam::123456789012:role/"),
        "arn:aws:iam::1:role/r",
    ),
    r"arn:aws.*:kms:.*:[0-9]{12}:key/.*": (_padded("arn:aws:kms:us-east-1:123456789012:key/"), "arn:aws:kms:key"),
    r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$": (_padded(""), "a;b"),
    r"^[A-Za-z_]+$": (_padded(""), "a1"),
    r"(s3|http|https)://.+": (_padded("s3://bucket/"), "ftp://a"),
    r"[A-Za-z_][A-Za-z\d_]*": (_padded(""), "1a"),
    r"rate\(\d+ days?\)": (lambda length: f"rate({'1'.rjust(length - 11, '0')} days)", "rate(1 hour)"),
    r"^[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*$": (_padded(""), "é"),
    r"[A-Za-z\d_]+": (_padded(""), "a-b"),
    r"[A-Za-z0-9_]+": (_padded(""), "a-b"),
}
WRONG_TYPE: dict[str, Any] = {
    "string": 7,
    "integer": "seven",
    "long": "seven",
    "float": "seven",
    "double": "seven",
    "boolean": "true",
    "timestamp": "yesterday",
    "list": {},
    "map": [],
    "structure": [],
}


@dataclass(frozen=True)
class Fault:
    """A request that breaks one rule of the model: what is wrong, where, and the error that it deserves."""

    what: str
    where: str
    request: Any
    code: str


def smallest(shape: Shape) -> Any:
    """Return the smallest value that a shape allows: nothing that is not required."""
    if isinstance(shape, StructureShape):
        return {name: smallest(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [smallest(shape.member)] * shape.metadata.get("min", 0)
    if isinstance(shape, MapShape):
        return {}
    return _text(shape, _least(shape)) if shape.type_name == "string" else _number(shape, "min", 0)


def largest(shape: Shape) -> Any:
    """Return the largest value that a shape allows: every member, every text and list as long as may be."""
    return _whole(shape, lambda one, open_ended: one.metadata.get("max", open_ended))


def ordinary(shape: Shape) -> Any:
    """Return a value with every member, and one of each list and map."""
    return _whole(shape, lambda one, _: max(_least(one), 1))


def _whole(shape: Shape, size: Callable[[Shape, int], int]) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _whole(member, size) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [_whole(shape.member, size)] * size(shape, MANY)
    if isinstance(shape, MapShape):
        return {key: _whole(shape.value, size) for key in _keys(shape.key, size(shape, MANY), size)}
    if shape.type_name == "string":
        return _text(shape, max(size(shape, LONG), _least(shape)))
    return True if shape.type_name == "boolean" else _number(shape, "max", 1_790_000_000)


def _keys(shape: Shape, count: int, size: Callable[[Shape, int], int]) -> list[str]:
    allowed = shape.metadata.get("enum")
    if allowed:
        return list(allowed)[:count]
    length = max(size(shape, LONG), 3)
    return ["".join("abcdefghij"[int(digit)] for digit in f"{number:03}").ljust(length, "a") for number in range(count)]


def _least(shape: Shape) -> int:
    """Return the length of the shortest text, list or map."""
    least = int(shape.metadata.get("min", 0))
    pattern = shape.metadata.get("pattern")
    if pattern is None or pattern.startswith((r"\p{ASCII}{0", r"^([\p{L}")):
        return least
    return max(least, 12 if pattern.startswith("rate") else 60 if ":" in pattern else 1)


def _text(shape: Shape, length: int) -> str:
    if allowed := shape.metadata.get("enum"):
        return str(allowed[0])
    pattern = shape.metadata.get("pattern")
    return PATTERNS[pattern][0](length) if pattern else "a" * length


def _number(shape: Shape, bound: str, otherwise: int) -> int | float | bool:
    if shape.type_name == "boolean":
        return False
    least, most = shape.metadata.get("min", otherwise), shape.metadata.get("max", max(otherwise, 0))
    number: int | float = shape.metadata.get(bound, max(least, min(otherwise, most)))
    return number


def faults(shape: StructureShape) -> Iterator[Fault]:
    """Yield a request for every rule that the model has about an operation's input."""
    yield Fault("not an object", "body", [], MALFORMED)
    yield from _faults(shape, "", lambda value: value)


def _faults(shape: Shape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    """``request(value)``: a whole request, ordinary but for the value at ``path``."""
    if path:
        yield Fault("wrong type", path, request(WRONG_TYPE[shape.type_name]), MALFORMED)
    yield from _size_faults(shape, path, request)
    if isinstance(shape, StructureShape):
        yield from _structure_faults(shape, path, request)
    elif isinstance(shape, ListShape):
        yield from _faults(shape.member, f"{path}.1.member", lambda value: request([value]))
    elif isinstance(shape, MapShape):
        (key,) = _keys(shape.key, 1, lambda one, _: _least(one))
        yield from _key_faults(shape, path, request)
        yield from _faults(shape.value, f"{path}.value", lambda value: request({key: value}))
    elif shape.type_name == "string":
        yield from _text_faults(shape, path, request)
    else:
        yield from _number_faults(shape, path, request)


def _structure_faults(shape: StructureShape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    full, at = ordinary(shape), f"{path}." if path else ""
    for name in shape.required_members:
        yield Fault("missing", at + name, request({key: full[key] for key in full if key != name}), INVALID)
        yield Fault("null", at + name, request({**full, name: None}), INVALID)
    yield Fault("unknown member", f"{at}coffee", request({**full, "coffee": 1}), INVALID)
    for name, member in shape.members.items():
        yield from _faults(member, at + name, lambda value, name=name: request({**full, name: value}))  # type: ignore[misc]


def _size_faults(shape: Shape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    if shape.type_name not in ("string", "list", "map") or shape.metadata.get("enum"):
        return
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if least:
        yield Fault("too short", path, request(_of_size(shape, least - 1)), INVALID)
    if most is not None:
        yield Fault("too long", path, request(_of_size(shape, most + 1)), INVALID)


def _of_size(shape: Shape, size: int) -> Any:
    if isinstance(shape, ListShape):
        return [ordinary(shape.member)] * size
    if isinstance(shape, MapShape):
        # More keys than an enumeration has must break another rule, too.
        keys = _keys(shape.key, size, lambda one, _: max(_least(one), 1))
        return {key: ordinary(shape.value) for key in [*keys, *map(str, range(size - len(keys)))]}
    return _text(shape, size) if size else ""


def _key_faults(shape: MapShape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    value = ordinary(shape.value)
    for fault in (*_size_faults(shape.key, path, lambda key: key), *_text_faults(shape.key, path, lambda key: key)):
        yield Fault(f"key {fault.what}", f"{path}.key", request({fault.request: value}), INVALID)


def _text_faults(shape: Shape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    if pattern := shape.metadata.get("pattern"):
        yield Fault("pattern", path, request(PATTERNS[pattern][1]), INVALID)
    if shape.metadata.get("enum"):
        yield Fault("enumeration", path, request("NONE_OF_THEM"), INVALID)


def _number_faults(shape: Shape, path: str, request: Callable[[Any], Any]) -> Iterator[Fault]:
    if "min" in shape.metadata:
        yield Fault("below minimum", path, request(shape.metadata["min"] - 1), INVALID)
    if "max" in shape.metadata:
        yield Fault("above maximum", path, request(shape.metadata["max"] + 1), INVALID)
