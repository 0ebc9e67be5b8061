"""How values of parsed JSON become typed ones. The wire is loose: any field may be missing, null or of another type."""

import re
from collections.abc import Mapping
from typing import Any

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")


def int64(value: object) -> int | None:
    """Return a signed 64-bit integer from a number or a numeric string; None for anything else.

    A float is not accepted: beyond 2**53 it is already another number.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    return None


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a JSON object, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def texts(value: object) -> tuple[str, ...] | None:
    """Return a list of strings as a tuple; None for anything else."""
    return tuple(value) if isinstance(value, list) and set(map(type, value)) <= {str} else None
