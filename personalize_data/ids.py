"""Ids in the columns of a table: which rows have none, which files have damaged ones, and how a message says so."""

import re
from array import array
from collections.abc import Callable, Container

from broker.values.ids import MAX_LENGTH, NO_ID_WORDS, has_half_character, is_no_id, is_rounded, whole_number

from personalize_data import probe
from personalize_data.schema import BadValue

__all__ = [
    "NO_ID_WORDS",
    "DamagedId",
    "IdColumn",
    "NoId",
    "OtherForm",
    "fractions",
    "has_control_character",
    "is_no_id",
    "rounded",
    "two_ways",
    "whole_number",
]

REASONS = {"USER_ID": "no_user_id", "ITEM_ID": "no_item_id"}
MAX_KNOWN = 8_192  # ids that are not checked again, some 100 bytes each
LONGEST_WORD = max(map(len, NO_ID_WORDS))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class NoId(Exception):
    """A row without a user or an item, or of the broker's probe, which the stream skips, too; says the reason code."""


class DamagedId(Exception):
    """An id that shows that others are damaged, too, so that no row of the file can be used; says why."""


class OtherForm(Exception):
    """A column with an id without ``.0`` after ids that have one: all stay as they are. Its text is the column."""


def rounded(column: str, text: str) -> str:
    """Return what is said of an id such as 5.04E+18."""
    return f"{column} is {text!r}, which a spreadsheet has rounded: keep the column as text there, and export it again"


def fractions(column: str, text: str) -> str:
    """Return the note on a column where all ids are like 17850.0. ``text``: one of them, as a whole number."""
    return f"{column} holds fractions: {text}.0 is written as {text}"


def two_ways(column: str, text: str, other: str, place: str) -> str:
    """Return what is said of a column with both 17850.0 and 17850. ``place``: where the other one is."""
    return f"{column} is {text!r}, and {other!r} in {place}, one id or two: write them in one way"


def has_control_character(text: str) -> bool:
    """Return whether a text has a control character: a NUL breaks the CSV of an import, others are never meant."""
    return not text.isprintable() and _CONTROL.search(text) is not None


class IdColumn:
    """The ids of one column as they come, row by row.

    ``as_whole``: 17850.0 is read as 17850 where the first id is of this form, until OtherForm is raised.
    """

    def __init__(
        self, name: str, known: Container[str] | None = None, *, as_whole: bool = True, unique: bool = False
    ) -> None:
        """``known``: ids that were checked already; by default those that this column has returned.

        ``unique``: no id may come twice: ``hashes_twice`` says which do.
        """
        self.name, self.reason, self.unique = name, REASONS[name], unique
        self.first: str | None = None  # the first id, as it stands in the file
        self.fractions = 0  # ids that end in .0, each at least once
        self.whole = False
        self.own: set[str] = set()
        self._known = self.own if known is None else known
        self._may_be_whole = as_whole
        self._hashes = array("q")  # eight bytes per row, where ids would need a hundred

    def reader(self) -> Callable[[str], str]:
        """Return the function from a text to the id. It raises NoId, BadValue, DamagedId and OtherForm."""
        known, read_new = self._known, self._read_new

        def read(text: str) -> str:
            return text if text in known and not self.whole else read_new(text)

        return read

    def _read_new(self, text: str) -> str:
        self._check(text)
        number = whole_number(text) if text[-1] == "0" else None
        if self.first is None:
            self.first, self.whole = text, self._may_be_whole and number is not None
        if number is not None:
            self.fractions += 1
        if self.whole:
            if number is None:
                raise OtherForm(self.name)
            return number
        if self._known is self.own and len(self.own) < MAX_KNOWN:
            self.own.add(text)
        return text

    def keep(self, own_id: str) -> None:
        """Note an id whose row is kept."""
        self._hashes.append(hash(own_id))

    def hashes_twice(self) -> set[int]:
        """Return the hashes that several rows have; nearly always they have the same id."""
        import numpy as np

        values, counts = np.unique(np.frombuffer(self._hashes, dtype=np.int64), return_counts=True)
        return set(values[counts > 1].tolist())

    def _check(self, text: str) -> None:
        if len(text) <= LONGEST_WORD and is_no_id(text):
            raise NoId(self.reason)
        if self.name == "USER_ID" and probe.is_probe(text):
            raise NoId(probe.REASON)
        if "+" in text and is_rounded(text):
            raise DamagedId(rounded(self.name, text))
        if len(text) > MAX_LENGTH:
            raise BadValue("id_too_long")
        if text.isprintable():
            return
        if has_control_character(text):
            raise BadValue("id_with_control_character")
        if has_half_character(text):
            raise BadValue("not_utf8")
