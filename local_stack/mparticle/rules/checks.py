"""Small checks of JSON values that combine into a schema: each takes a value and raises Invalid if it does not fit.

The schema is checked on every upload; a general validator would take more time than the rest of the upload.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Check = Callable[[Any], None]

DEEPEST = 32
_DECIMAL = re.compile(r"-?[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Invalid(ValueError):
    """An invalid value; the message has the position and the reason, never the value."""

    def at(self, key: object) -> "Invalid":
        """Return the same problem, one level up."""
        return Invalid(f"{key}: {self}" if ": " not in str(self) else f"{key}.{self}")


def anything(value: Any, depth: int = 0) -> None:
    """Accept any value that is not nested too deeply: later code walks through it and serialises it again."""
    if depth > DEEPEST:
        raise Invalid("is nested too deeply")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        anything(each, depth + 1)


def text(value: Any) -> None:
    """Accept a string."""
    if not isinstance(value, str):
        raise Invalid("must be a string")


def scalar(value: Any) -> None:
    """Accept what the published schema calls String: a string, number, boolean or null."""
    if isinstance(value, list | dict):
        raise Invalid("must be a string, number, boolean or null")


def integer(value: Any) -> None:
    """Accept an integer (5.0 is one, as in JSON Schema) or null."""
    if value is None or type(value) is int or (type(value) is float and value.is_integer()):
        return
    raise Invalid("must be an integer")


def int64(value: Any) -> None:
    """Accept a signed 64-bit integer or null, but no float, which may have lost digits of an id."""
    if value is not None and (type(value) is not int or not -(2**63) <= value < 2**63):
        raise Invalid("must be a signed 64-bit integer")


def mpid(value: Any) -> None:
    """Accept a signed 64-bit integer, as a number or as a decimal string, or null."""
    int64(int(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value)


def number(value: Any) -> None:
    """Accept a number or null."""
    if value is not None and type(value) not in (int, float):
        raise Invalid("must be a number")


def boolean(value: Any) -> None:
    """Accept true, false or null."""
    if value is not None and type(value) is not bool:
        raise Invalid("must be a boolean")


def uuid(value: Any) -> None:
    """Accept a UUID or null."""
    if value is not None and not (isinstance(value, str) and _UUID.fullmatch(value)):
        raise Invalid("must be a UUID")


def one_of(*allowed: str | None) -> Check:
    """Accept one of the values."""

    def check(value: Any) -> None:
        if not (value is None or isinstance(value, str)) or value not in allowed:
            raise Invalid("is not one of the allowed values")

    return check


def list_of(item: Check, *, nullable: bool = True) -> Check:
    """Accept a list of valid items, or null."""

    def check(value: Any) -> None:
        if value is None and nullable:
            return
        if not isinstance(value, list):
            raise Invalid("must be a list")
        for index, each in enumerate(value):
            try:
                item(each)
            except Invalid as error:
                raise error.at(index) from None

    return check


def map_of(item: Check, *, nullable: bool = True) -> Check:
    """Accept an object with valid values, or null."""

    def check(value: Any) -> None:
        if value is not None or not nullable:
            _members(_object(value), lambda _key: item)

    return check


def record(
    fields: Mapping[str, Check], *, required: Iterable[str] = (), closed: bool = False, nullable: bool = True
) -> Check:
    """Accept an object with these fields; ``closed`` refuses any others, as ``additionalProperties: false`` does."""
    required = tuple(required)

    def unknown(_value: Any) -> None:
        raise Invalid("is not a field that mParticle knows")

    other = unknown if closed else anything

    def check(value: Any) -> None:
        if value is None and nullable:
            return
        _members(_object(value), lambda key: fields.get(key, other))
        for name in required:
            if name not in value:
                raise Invalid("is missing").at(name)

    return check


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("must be an object")
    return value


def _members(value: dict[str, Any], check_of: Callable[[str], Check]) -> None:
    for key, each in value.items():
        try:
            check_of(key)(each)
        except Invalid as error:
            raise error.at(key) from None
