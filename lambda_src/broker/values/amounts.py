"""Which values are amounts of money or quantities, and which of them are returns."""

import re

PURCHASE = "purchase"  # mParticle's product action, and the event type of Personalize's recipes for shops
MAX_FLOAT32 = 3.4e38  # PutEvents' eventValue is a 32-bit float
POINT, COMMA = DECIMALS = (".", ",")
# These patterns mean the same to Python's re and to polars.
BETWEEN_THOUSANDS = r"[. \u00a0\u202f']"
GROUPED = r"^[+-]?[0-9]{1,3}(?:[. \u00a0\u202f'][0-9]{3})+(?:,[0-9]+)?$"
WITH_COMMA = r"^[+-]?[0-9]*(?:,[0-9]+)?$"
_NUMBERS = (str, int, float)


def from_json(value: object) -> float | None:
    """Return a JSON number, or a text with a number and a decimal point; None for anything else, and beyond 32 bits."""
    if type(value) is float:  # most of them, so it should be quick
        return value if -MAX_FLOAT32 <= value <= MAX_FLOAT32 else None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if -MAX_FLOAT32 <= number <= MAX_FLOAT32 else None  # NaN is in no range


def with_point(text: str, decimal: str) -> str | None:
    """Return the text of a number with a decimal point; None where it is not a number of a ``decimal`` comma.

    With a comma, 1.234,50 and 1 234,50 are 1234.50; so 1.234 is 1234, and 2.5 is no number. With a point the text is
    returned as it is: nothing may stand between thousands.
    """
    if decimal == POINT:
        return text
    if re.match(GROUPED, text):
        text = re.sub(BETWEEN_THOUSANDS, "", text)
    return text.replace(",", ".") if re.match(WITH_COMMA, text) else None


def is_return(quantity: float | None, amount: float | None) -> bool:
    """Return whether a purchase is a return, a refund or a cancellation: its quantity or its amount is below zero."""
    return (quantity is not None and quantity < 0) or (amount is not None and amount < 0)
