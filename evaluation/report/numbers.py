"""Numbers as JSON has them."""

import math
from typing import Any


def number(value: Any) -> float | None:
    """Return a float of six digits after the point; None for what is not finite, which JSON does not have."""
    as_float = float(value)
    return round(as_float, 6) if math.isfinite(as_float) else None
