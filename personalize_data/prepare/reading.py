"""How a file is to be read, where it does not say so itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.values.amounts import POINT


@dataclass(frozen=True)
class Reading:
    """What a file does not say about itself. ``columns``: names for a table without a header.

    ``empty``: texts that stand for a missing value, as the empty text does; ``decimal``: the decimal mark in text.
    """

    empty: Sequence[str] = ()
    encoding: str | None = None
    columns: Sequence[str] = ()
    sheet: str | None = None
    decimal: str = POINT
