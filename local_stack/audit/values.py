"""What single values of mParticle's JSON mean to the ledger: a second reading, which shares nothing with the broker."""

import hashlib
import re
from typing import Any

NOTHING = {
    *("", "undefined", "null", "nan", "none", "na", "n/a", "nil", "infinity", "-infinity", "inf", "-inf"),
    *("[object object]", "[object undefined]", "[object null]", "<na>", "nat", "<null>", "(null)", "<nil>", "\\n"),
    *("#n/a", "#ref!", "#name?", "#value!", "#div/0!", "#num!", "#null!"),
}
ROUNDED = re.compile(r"[+-]?\d([.,]\d+)?e\+\d\d+", re.IGNORECASE | re.ASCII)
EXACT = 2**53
LARGEST = 3.4e38  # a 32-bit float


def whole_number(value: object) -> int | None:
    """Return a signed 64-bit integer, given as a number or as text; None for anything else, and for what is rounded."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        text = str(int(value))
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,19}(\.0+)?\s*", text):
        return None
    number = int(text.partition(".")[0])
    return None if number >= 2**63 or number < -(2**63) or ("." in text and abs(number) >= EXACT) else number


def item_of(line: Any) -> tuple[str, str | None]:
    """Return the item id, and a reason if it can't be sent."""
    given = member(line, "id")
    text = text_of(given)
    if not isinstance(line, dict) or (text is None and given is not None):
        return "", "bad_event"
    if not text:
        return "", "no_item_id"
    if len(text) > 256 or "\0" in text or text != text.encode("utf-8", "ignore").decode("utf-8"):
        return "", "bad_event"
    return text, "rounded_id" if ROUNDED.fullmatch(text.strip()) else None


def text_of(value: object) -> str | None:
    """Return an id as text; empty if it stands for nothing, None if it is no text and no number."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = f"{value:.0f}" if abs(value) < EXACT else f"{value:.6e}"
    return "" if str(value).strip().lower() in NOTHING else str(value)


def amount_of(value: object) -> float | None:
    """Return an amount that fits PutEvents; None for anything else."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and abs(number) <= LARGEST else None


def name_of(value: object) -> str:
    """Return an id of an event or a batch; empty if there is none."""
    text = (text_of(value) or "").strip()
    return "" if text == "0" or ROUNDED.fullmatch(text) else _short(text)


def _short(text: str) -> str:
    """Return an id, or its digest if the id is too long for a suffix."""
    fits = len(text) <= 200 and text == text.encode("utf-8", "ignore").decode("utf-8")
    return text if fits else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def instant(value: object) -> float | None:
    """Return the number of a time, in whichever unit."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,19}(\.[0-9]{1,9})?\s*", value):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**63 else None


def member(value: Any, *keys: str) -> Any:
    """Return what is under a path of keys; None if it ends before."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
