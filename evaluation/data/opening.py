"""A file's bytes, plain or packed: gzip is known by its first two bytes, whatever the file is called."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from evaluation.failure import BadFile

GZIP = b"\x1f\x8b"
_UNREADABLE = (OSError, EOFError, zlib.error)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read it, unpacked. Raises BadFile for what can't be opened, or is no whole gzip file."""
    try:
        with _opened(path) as file:
            yield file
    except _UNREADABLE as error:
        raise _bad(path, error) from None


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number. Raises BadFile, with the line up to which a broken gzip file could be read."""
    number = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                yield number, line
    except _UNREADABLE as error:
        raise _bad(path, error, number + 1) from None


def check_whole(path: Path) -> None:
    """Raise BadFile for a broken gzip file: what stands in one may be noise, so nothing else is to blame."""
    with _opened(path) as file:
        packed = isinstance(file, gzip.GzipFile)
    for _ in lines(path) if packed else ():
        pass


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if raw.peek(2)[:2] == GZIP else raw


def _bad(path: Path, error: Exception, line: int | None = None) -> BadFile:
    if isinstance(error, EOFError):
        return BadFile(path, "the compressed file is cut off", line)
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        # A wrong checksum is seen at the end, and may be due to any line.
        return BadFile(path, "the compressed file is broken", line if isinstance(error, zlib.error) else None)
    return BadFile(path, getattr(error, "strerror", None) or "it can't be read")
