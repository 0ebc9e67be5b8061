"""Files of history as bytes and lines: plain or gzip, a table or mParticle's JSON, read as a stream."""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

# One JSON document over several lines has to be read as a whole.
LARGEST_DOCUMENT = 256 * 1024 * 1024
Moved = Callable[[int], None]


class BadFile(Exception):
    """A file that can't be read; the message names it and says why."""


@contextmanager
def opened(path: Path, name: str, moved: Moved = lambda _: None) -> Iterator[BinaryIO]:
    """Open a file, unpacked where it is gzip; ``moved`` gets the bytes read of it so far. Raises BadFile."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            counted = io.BufferedReader(_Counted(raw, moved), 1 << 20)
            yield gzip.GzipFile(fileobj=counted) if packed else counted  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(f"{name} is not a whole gzip file: {error}") from None
    except OSError as error:
        raise BadFile(f"{name}: {error.strerror or error}") from None


class _Counted(io.RawIOBase):
    def __init__(self, raw: BinaryIO, moved: Moved) -> None:
        self._raw, self._moved = raw, moved

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._moved(self._raw.tell())
        return len(data)


def digest(path: Path, name: str) -> str:
    """Return the SHA-256 of a file's bytes. Raises BadFile."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"{name}: {error.strerror or error}") from None


def is_table(path: Path, name: str) -> bool:
    """Return whether a file is a CSV: JSON begins with a brace or a bracket. Raises BadFile."""
    with opened(path, name) as file:
        return not file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def text(file: BinaryIO) -> TextIO:
    """Return the file as text for the csv module; what is no UTF-8 becomes half characters, which rows look for."""
    return io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")


def json_lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; a file that is one document over several lines comes as one. Raises BadFile."""
    head = [(number, line) for number, line in zip(range(1, 3), file, strict=False)]
    if _is_one_document([line for _, line in head]):
        rest = file.read(LARGEST_DOCUMENT)
        if len(rest) == LARGEST_DOCUMENT:
            raise BadFile(f"{name} is one JSON document of over 256 MB: write one batch a line")
        yield 1, b"".join(line for _, line in head) + rest
        return
    yield from head
    yield from enumerate(file, 3)


def _is_one_document(head: list[bytes]) -> bool:
    if len(head) < 2 or (head[1].lstrip()[:1] == b"{" and head[0].lstrip()[:1] == b"{"):
        return False
    try:
        json.loads(head[0])
    except (ValueError, RecursionError):
        return True
    return False
