"""Which texts and JSON values are ids of users and items, which stand for nothing, and which are damaged ids."""

import re

from broker.json_values import int64

MAX_LENGTH = 256  # characters: Personalize API reference, PutEvents
EXACT_BELOW = 2**53  # a 64-bit float holds every whole number below
# What JavaScript, Python, R, databases, Go and spreadsheets write where there is no value, in lower case.
NO_ID_WORDS = frozenset(
    (
        *("undefined", "null", "nan", "none", "na", "n/a", "nil", "infinity", "-infinity", "inf", "-inf"),
        *("[object object]", "[object undefined]", "[object null]", "<na>", "nat", "<null>", "(null)", "<nil>", "\\n"),
        *("#n/a", "#ref!", "#name?", "#value!", "#div/0!", "#num!", "#null!"),
    )
)
# These patterns mean the same to Python's re and to polars.
ROUNDED = r"[+-]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,}"
WHOLE_FRACTION = r"([+-]?[0-9]+)\.0+"
_SCALARS = (str, int, float)


def is_no_id(text: str) -> bool:
    """Return whether a text stands for nothing: it is blank, or a program's word for a missing value, in any case."""
    return not (stripped := text.strip()) or stripped.lower() in NO_ID_WORDS


def is_rounded(text: str) -> bool:
    """Return whether a text is a number in scientific notation, such as 5.04E+18: several ids became the same."""
    return "+" in text and re.fullmatch(ROUNDED, text.strip()) is not None


def whole_number(text: str) -> str | None:
    """Return ``17850`` for ``17850.0``; None for another text.

    In a table only a column where all ids are of this form may be read so: beside a 17850 it may be another id.
    """
    match = re.fullmatch(WHOLE_FRACTION, text.strip())
    return match[1] if match else None


def has_half_character(text: str) -> bool:
    """Return whether a text has half of a surrogate pair, which no UTF-8 can hold."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def from_json(value: object) -> str | None:
    """Return a JSON value as the text of an id, which may still be damaged; None where it stands for nothing.

    A whole number below 2**53 is the same with and without a fraction: 17850.0 is 17850. Larger ones are rounded, and
    stay in scientific notation. Truth values, lists and objects are no ids.
    """
    if isinstance(value, str):
        return None if is_no_id(value) else value
    if not _is_scalar(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value) if abs(value) < EXACT_BELOW else f"{value:e}"
    text = str(value)
    return None if is_no_id(text) else text


def int64_from_json(value: object) -> int | None:
    """Return a signed 64-bit id, as mParticle's are, from a JSON number or a text with one; None for anything else.

    17850.0 is 17850; from 2**53 on, where a fraction means that a float has rounded it, such a number is none.
    """
    if (number := int64(value)) is not None:
        return number
    text = from_json(value)
    whole = None if text is None else int64(whole_number(text) or (text if isinstance(value, float) else None))
    return whole if whole is None or abs(whole) < EXACT_BELOW else None


def stands_for_nothing(value: object) -> bool:
    """Return whether a JSON value is no id at all, rather than one that can't be read: null, blank, a word for it."""
    return value is None or (_is_scalar(value) and from_json(value) is None)


def _is_scalar(value: object) -> bool:
    return isinstance(value, _SCALARS) and not isinstance(value, bool)
