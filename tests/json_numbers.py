"""What in a JSON document jq 1.6 and JavaScript would round: they read every number as a float of 64 bits."""

from collections.abc import Iterator
from typing import Any


def rounded(document: Any, place: str = "$") -> list[str]:
    """Return the places of the whole numbers beyond 2**53."""
    return list(_rounded(document, place))


def _rounded(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _rounded(member, f"{place}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _rounded(member, f"{place}[{index}]")
    elif isinstance(value, int) and abs(value) > 2**53:
        yield place
