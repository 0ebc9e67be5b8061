"""Parsers of CSV cells by column type. A cell gives a value, None if it is empty and may be, or BadCell.

Lengths: Amazon Personalize Developer Guide, the requirements of each dataset, and the API's limits for the same field.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from personalize_local.control.avro import Field

Parse = Callable[[str], Any]

LENGTHS = {
    "USER_ID": 256,
    "ITEM_ID": 256,
    "EVENT_TYPE": 256,
    "RECOMMENDATION_ID": 40,
    "IMPRESSION": 1000,
    "EVENT_ATTRIBUTION_SOURCE": 1024,
}
CATEGORICAL_LENGTH = 1000
WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
BITS = {"int": 32, "long": 64}
LARGEST = {"float": 3.4028234663852886e38, "double": math.inf}
TIMES = frozenset({"TIMESTAMP", "CREATION_TIMESTAMP"})
MILLISECONDS = 10**11  # as seconds, the year 5138


class BadCell(ValueError):
    """A value does not fit its column; the message does not repeat the value."""


def parser(field: Field) -> Parse:
    """Return the parser of a column's cells, which raises BadCell."""
    parse = _PARSERS.get(field.kind, _number)(field)
    empty = BadCell(f"{field.name} is empty")

    def read(cell: str) -> Any:
        if cell:
            return parse(cell)
        if "null" in field.types:
            return None
        raise empty

    return read


def _text(field: Field) -> Parse:
    longest = LENGTHS.get(field.name, CATEGORICAL_LENGTH if field.categorical else math.inf)

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise BadCell(f"{field.name} is longer than {longest} characters")
        return cell

    return read


def _whole(field: Field) -> Parse:
    limit = 2 ** (BITS[field.kind] - 1)

    def read(cell: str) -> int:
        if not WHOLE.fullmatch(cell):
            raise BadCell(f"{field.name} is not a whole number")
        number = int(cell)
        if not -limit <= number < limit:
            raise BadCell(f"{field.name} is too large for the type {field.kind}")
        if field.name in TIMES:
            _check_time(field.name, number)
        return number

    return read


def _check_time(name: str, number: int) -> None:
    if number >= MILLISECONDS:
        raise BadCell(f"{name} must be epoch seconds; this looks like milliseconds")
    if number < 0:
        raise BadCell(f"{name} must be epoch seconds, not negative")


def _number(field: Field) -> Parse:
    largest = LARGEST[field.kind]

    def read(cell: str) -> float:
        if not NUMBER.fullmatch(cell):
            raise BadCell(f"{field.name} is not a number")
        number = float(cell)
        if math.isinf(number) or abs(number) > largest:
            raise BadCell(f"{field.name} is too large for the type {field.kind}")
        return number

    return read


def _boolean(field: Field) -> Parse:
    def read(cell: str) -> bool:
        lower = cell.lower()
        if lower not in ("true", "false"):
            raise BadCell(f"{field.name} is neither true nor false")
        return lower == "true"

    return read


_PARSERS: dict[str, Callable[[Field], Parse]] = {"string": _text, "int": _whole, "long": _whole, "boolean": _boolean}
