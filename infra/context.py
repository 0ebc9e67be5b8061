"""How values of the CDK context are read: from JSON they are typed, from ``-c`` they are all text."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Parse = Callable[[Any], Any]

_REQUIRED: Any = object()


class Reader:
    """Reads one key at a time; keeps what is missing or wrong, and which keys nobody asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key: value for key, value in values.items() if value is not None and value not in ("", [])}
        self._all = set(values)
        self._asked: set[str] = set()
        self._wrong: set[str] = set()
        self.problems: list[str] = []

    def __call__(self, key: str, parse: Parse, default: Any = _REQUIRED) -> Any:
        """Return the parsed value, or the default where the key is absent, null or empty (or wrong: then noted)."""
        first_time = key not in self._asked
        self._asked.add(key)
        fallback = "" if default is _REQUIRED else default
        if key not in self._values:
            if default is _REQUIRED and first_time:
                self._note(key, f"{key} is missing")
            return fallback
        try:
            return parse(self._values[key])
        except ValueError as error:
            if first_time:
                self._note(key, f"{key} {error}")
            return fallback

    def is_there(self, key: str) -> bool:
        """Return whether a key has a value, right or wrong."""
        return key in self._values

    def is_wrong(self, key: str) -> bool:
        """Return whether a problem with this key was noted."""
        return key in self._wrong

    def unknown(self) -> list[str]:
        """Return a problem for each key that nothing has read: a misspelt setting would else be ignored."""
        return [f"{key} is no setting" for key in sorted(self._all - self._asked)]

    def _note(self, key: str, problem: str) -> None:
        self._wrong.add(key)
        self.problems.append(problem)


def one_of(*allowed: str) -> Parse:
    """Return a parser of one of these words, in any case."""

    def parse(value: Any) -> str:
        if str(value).lower() not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r}")
        return str(value).lower()

    return parse


def text(pattern: str, description: str) -> Parse:
    """Return a parser of text that matches a pattern as a whole."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"must be {description}, not {value!r}")
        return value

    return parse


def arn(service: str, resource: str = "") -> Parse:
    """Return a parser of an ARN of a service, whose resource part begins like this."""
    pattern = rf"arn:[\w-]+:{service}:[\w-]*:\d{{12}}:{resource}\S+"
    return text(pattern, f"an ARN like arn:aws:{service}:…:{resource}…")


def texts(parse_one: Parse) -> Parse:
    """Return a parser of a list, also of one written as JSON or with commas."""

    def parse(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        if not isinstance(value, list):
            raise ValueError(f"must be a list, not {value!r}")  # noqa: TRY004 - one kind of error for all wrong values
        return tuple(parse_one(element.strip() if isinstance(element, str) else element) for element in value)

    return parse


def switch(value: Any) -> bool:
    """Return a switch's position."""
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"on", "true", "off", "false"}:
        return str(value).lower() in {"on", "true"}
    raise ValueError(f"must be true or false, not {value!r}")


def whole(low: int, high: int) -> Parse:
    """Return a parser of a whole number within limits."""

    def parse(value: Any) -> int:
        digits = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
        if not re.fullmatch(r"[0-9]{1,9}", digits) or not low <= int(digits) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return int(digits)

    return parse
