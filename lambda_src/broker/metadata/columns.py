"""Which columns of the Users and the Items dataset come from the stream, and how a value on the wire becomes one.

A user's columns come from their attributes, an item's from the product lines of commerce events (mParticle JSON
reference). Kinds of values: https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from broker.consent import Answer, answer
from broker.values import amounts, ids, times

Value = str | int | float | bool
USERS, ITEMS = DATASETS = ("users", "items")
PRODUCT_FIELDS = ("name", "brand", "category", "variant", "price")
CREATED = "CREATION_TIMESTAMP"
STRING, TEXTUAL, TIMESTAMP = "string", "textual", "timestamp"
# Characters: of a categorical value, and of a textual one (Amazon Personalize quotas).
LONGEST = {STRING: 1_000, TEXTUAL: 20_000}
SEPARATOR = "|"  # of several values in one (Developer Guide, "Categorical metadata")
OWN_ATTRIBUTES = "product_recs"  # and all that begin so: what the broker writes on profiles
OWN_VARIANT = "ml_variant"


class Column(NamedTuple):
    """A column, the attribute or product field that it comes from, and the kind of its values.

    ``is_required``: it may not be empty, so a record without it has to wait.
    """

    name: str
    source: str
    kind: str
    is_required: bool = False


Columns = tuple[Column, ...]


def is_own(source: str) -> bool:
    """Return whether an attribute is one that the broker writes: a model must not be trained on its own lists."""
    folded = source.strip().casefold()
    return folded.startswith(OWN_ATTRIBUTES) or folded == OWN_VARIANT


def as_json(columns: Iterable[Column]) -> str:
    """Return the text by which functions are told the columns."""
    return json.dumps([list(column) for column in columns], separators=(",", ":"), ensure_ascii=False)


def columns_from_json(text: str) -> Columns:
    """Read what ``as_json`` wrote. Raises ValueError."""
    try:
        columns = tuple(
            Column(str(name), str(source), str(kind), bool(req)) for name, source, kind, req in json.loads(text)
        )
    except (ValueError, TypeError):
        raise ValueError("must be a JSON list of columns") from None
    if wrong := [column.kind for column in columns if column.kind not in READERS]:
        raise ValueError(f"has the kind {wrong[0]}, which there is not")
    return columns


def value_of(kind: str, raw: object) -> Value | None:
    """Return a value on the wire as one of a column's kind; None where it is none of that kind, or nothing at all."""
    return READERS[kind](raw)


def source_value(given: Mapping[str, Any], source: str) -> Any:
    """Return the value under a name, or else under that name in other letters; None without one.

    Names of mParticle's attributes come in more than one spelling: ``$age`` and ``$Age``.
    """
    if source in given:
        return given[source]
    folded = source.casefold()
    return next((given[name] for name in given if isinstance(name, str) and name.casefold() == folded), None)


def _string(raw: object) -> str | None:
    return _text(raw, LONGEST[STRING])


def _textual(raw: object) -> str | None:
    return _text(raw, LONGEST[TEXTUAL])


def _text(raw: object, longest: int) -> str | None:
    if isinstance(raw, list):
        parts = [_scalar(part) for part in raw]
        text = SEPARATOR.join(part for part in parts if part)
    else:
        text = _scalar(raw)
    return text if 0 < len(text) <= longest and not ids.has_half_character(text) else None


def _scalar(raw: object) -> str:
    """Return a scalar as text, empty for anything else. A number has no fraction where it is whole: 3.0 is 3."""
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, bool):
        return str(raw).lower()
    return (ids.from_json(raw) or "") if isinstance(raw, int | float) else ""


def _int(raw: object) -> int | None:
    number = _long(raw)
    return number if number is not None and -(2**31) <= number < 2**31 else None


def _long(raw: object) -> int | None:
    return None if isinstance(raw, bool) else ids.int64_from_json(raw)


def _number(raw: object) -> float | None:
    return amounts.from_json(raw.strip() if isinstance(raw, str) else raw)


def _boolean(raw: object) -> bool | None:
    given = answer(raw)
    return None if given is Answer.UNKNOWN else given is Answer.YES


def _seconds(raw: object) -> int | None:
    milliseconds = times.milliseconds_from_json(raw)
    return None if milliseconds is None else milliseconds // 1000


READERS: Mapping[str, Callable[[object], Value | None]] = {
    STRING: _string,
    TEXTUAL: _textual,
    "int": _int,
    "long": _long,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    TIMESTAMP: _seconds,
}
