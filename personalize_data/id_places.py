"""Where ids are in the files of a conversion. Read only where the ids of a column can't be taken as they come."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from broker.values.ids import whole_number

from personalize_data.errors import BadFile
from personalize_data.ids import IdColumn, two_ways
from personalize_data.plan import Source
from personalize_data.table import Table, consent_check


class Place(NamedTuple):
    """A row: the name of its file, and its line."""

    file: str
    line: int

    def beside(self, other: "Place") -> str:
        """Return what this row is called in a message about another one."""
        return f"line {self.line}" if self.file == other.file else f"line {self.line} of {self.file}"


class IdPlaces:
    """The rows with consent of all files. ``opened``: opens a file as a table."""

    def __init__(
        self, sources: Sequence[Source], opened: Callable[[Source], AbstractContextManager[Table]], consent: str | None
    ) -> None:
        self._sources, self._opened, self._consent = sources, opened, consent

    def left_as_they_are(self, name: str, column: str) -> str:
        """Return the note on a column where some ids are like 17850.0. Raises BadFile where another one is 17850."""
        fractions: dict[str, tuple[str, Place]] = {}
        rows = ending = 0
        for text, place in self._ids(column):
            number = whole_number(text)
            rows, ending = rows + 1, ending + (number is not None)
            if number is not None:
                fractions.setdefault(number, (text, place))
        for other, other_place in self._ids(column):
            if other in fractions:
                text, place = fractions[other]
                raise BadFile(place.file, two_ways(name, text, other, other_place.beside(place)), place.line)
        example = next(iter(fractions.values()))[0]
        return f"{name} ends in .0 in {ending:,} of {rows:,} rows, as {example!r}: left as it is"

    def check_unique(self, name: str, column: str, ids: IdColumn) -> None:
        """Raise BadFile for the first row whose id another row has already, where ``ids`` has seen one twice."""
        twice = ids.hashes_twice()
        first: dict[str, Place] = {}
        for text, place in self._ids(column) if twice else ():
            own_id = as_whole(text) if ids.whole else text
            if hash(own_id) in twice:
                other = first.setdefault(own_id, place)
                if other != place:
                    problem = f"{name} {own_id} comes more than once: {other.beside(place)} has it, too"
                    raise BadFile(place.file, problem, place.line)

    def _ids(self, column: str) -> Iterator[tuple[str, Place]]:
        for source in self._sources:
            with self._opened(source) as table:
                index, refuses = table.header.index(column), consent_check(table, self._consent)
                for line, fields, broken in table.rows():
                    if fields and not broken and not (refuses and refuses(fields)):
                        yield fields[index].strip(), Place(source.name, line)


def as_whole(text: str) -> str:
    """Return 17850 for 17850.0, and another text as it is."""
    return whole_number(text) or text
