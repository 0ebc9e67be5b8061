"""Parts of files of exports: a whole file, or a range of bytes of one that is large.

A line belongs to the part in which it begins. So the parts of a file have each of its lines once.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

from personalize_data import file_kinds, files
from personalize_data.errors import BadFile
from personalize_data.files import Moved

SIZE = 32 * 2**20  # bytes of a part where processes of one machine share the work
LINES_PER_REPORT = 500  # of progress


@dataclass(frozen=True)
class Part:
    """The lines of a file that begin from byte ``begin`` on and before ``end``; None: all of them.

    ``name``: of the file in messages; ``location``: its path or URL.
    """

    name: str
    location: str
    begin: int = 0
    end: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, of which it can be made again."""
        return asdict(self)

    @property
    def continues(self) -> bool:
        """Return whether other parts of the file stand before."""
        return self.begin > 0

    def in_copy_from(self, begin: int) -> Self:
        """Return the same part of a copy that has the file from byte ``begin`` on."""
        end = None if self.end is None else self.end - begin
        return type(self)(self.name, self.location, self.begin - begin, end)


# From a part to itself, or to the same part of a copy, and where the file of that is. Raises BadFile.
AtHand = Callable[[Part], AbstractContextManager[tuple[Part, Path]]]


@contextmanager
def here(part: Part) -> Iterator[tuple[Part, Path]]:
    """Yield a part of a file that is on this machine."""
    yield part, Path(part.location)


def parts_of(name: str, location: str, size: int, head: bytes, limit: int) -> list[Part]:
    """Return the parts of a file of ``size`` bytes, of at most ``limit`` bytes where it has lines to be split at.

    ``head``: its first bytes, file_kinds.HEAD of them if it has as many.
    """
    number = max(1, -(-size // limit)) if _has_lines(head) else 1
    ends = [size * place // number for place in range(number)]
    return [Part(name, location, *one) for one in zip(ends, [*ends[1:], None], strict=True)]


def parts_of_file(name: str, path: Path, limit: int = SIZE) -> list[Part]:
    """Return the parts of a file here. Raises BadFile."""
    with files.opened_as_it_is(path, name) as file:
        return parts_of(name, str(path), path.stat().st_size, file.read(file_kinds.HEAD), limit)


def lines(part: Part, path: Path, moved: Moved | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the part's lines, numbered from 1; of joined objects each is one. Raises BadFile.

    ``path``: where the file is here; ``moved`` gets the bytes read of it so far.
    """
    if not part.continues:
        _check_kind(path, part.name)
    if part.end is None and not part.continues:
        with files.opened(path, part.name, moved) as file:
            yield from files.json_lines(file, part.name)
    else:
        with files.opened_as_it_is(path, part.name) as file:
            yield from files.separated(_between(file, part, moved), is_first=not part.continues)


def _has_lines(head: bytes) -> bool:
    """Return whether a file has lines of its own: it is neither packed nor one JSON document."""
    first_two = list(islice(BytesIO(head), 2))
    is_json = file_kinds.of_head(head) in file_kinds.JSON
    return is_json and len(first_two) == 2 and not files.is_one_document(first_two)


def _check_kind(path: Path, name: str) -> None:
    kind = file_kinds.kind(path, name)
    if kind is file_kinds.FileKind.TABLE:
        raise BadFile(name, "this is a table among exports: convert it apart from them")
    if kind not in (*file_kinds.JSON, file_kinds.FileKind.EMPTY):
        raise BadFile(name, kind.refusal)


def _between(file: BinaryIO, part: Part, moved: Moved | None) -> Iterator[tuple[int, bytes]]:
    if part.continues:
        file.seek(part.begin - 1)
        file.readline()
    place, number = file.tell(), 0
    while (part.end is None or place < part.end) and (line := file.readline()):
        number, place = number + 1, place + len(line)
        yield number, line
        if moved and number % LINES_PER_REPORT == 0:
            moved(place)
