"""Files, plain or gzip, as bytes and lines; folders that are written as a whole or not at all."""

import gzip
import hashlib
import io
import json
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from personalize_data.errors import BadFile

# One JSON document over several lines has to be read as a whole.
LARGEST_DOCUMENT = 256 * 1024 * 1024
Moved = Callable[[int], None]
GZIP = b"\x1f\x8b"
BUFFER = 1 << 20  # bytes
_JOINED, _NEXT, _BLANK = re.compile(rb"\}\s*\{"), re.compile(r"\}\s*\{"), re.compile(r"\s*")
UNREADABLE = (OSError, EOFError, zlib.error)  # what reading a file raises, where it is packed, too


@contextmanager
def opened(path: Path, name: Path | str = "", moved: Moved | None = None) -> Iterator[BinaryIO]:
    """Open a file, unpacked where its first two bytes are gzip's. Raises BadFile, which calls it ``name``.

    ``moved`` gets the bytes read of the file so far.
    """
    try:
        with _unpacked(path, moved) as file:
            yield file
    except UNREADABLE as error:
        raise unreadable(name or path, error) from None


@contextmanager
def opened_as_it_is(path: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file without unpacking it. Raises BadFile, which calls it ``name``."""
    try:
        with path.open("rb", buffering=BUFFER) as file:
            yield file
    except OSError as error:
        raise unreadable(name, error) from None


@contextmanager
def _unpacked(path: Path, moved: Moved | None = None) -> Iterator[BinaryIO]:
    with path.open("rb", buffering=BUFFER) as raw:
        packed = raw.peek(2)[:2] == GZIP  # type: ignore[attr-defined]
        file = io.BufferedReader(_Counted(raw, moved), BUFFER) if moved else raw
        yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file


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
        raise BadFile(name, error.strerror or str(error)) from None


def text(file: BinaryIO, encoding: str | None = None) -> TextIO:
    """Return the file as text in lines for the csv module; bytes that are not UTF-8 become half characters.

    In another ``encoding`` they raise UnicodeDecodeError.
    """
    errors = "surrogateescape" if encoding is None else "strict"
    return io.TextIOWrapper(file, encoding or "utf-8", errors=errors, newline="\n")


def json_lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; a file that is one document over several lines comes as one. Raises BadFile.

    Of objects that are joined without a line end, as Amazon Data Firehose joins records, each comes as a line.
    """
    return separated(_lines_or_document(file, name), is_first=True)


def separated(lines: Iterable[tuple[int, bytes]], *, is_first: bool) -> Iterator[tuple[int, bytes]]:
    """Yield each of the joined objects of numbered lines as a line. ``is_first``: whether line 1 begins its file."""
    for number, line in lines:
        if b"}{" in line or (is_first and number == 1 and _JOINED.search(line)):
            yield from ((number, part) for part in _objects(line))
        else:
            yield number, line


def _objects(line: bytes) -> Iterator[bytes]:
    """Yield each of the joined objects; what is no JSON comes as it is, up to the next object."""
    try:
        joined = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield line
        return
    begin = place = 0
    while place < len(joined):
        try:
            _, end = json.JSONDecoder().raw_decode(joined, place)
        except (ValueError, RecursionError):
            following = _NEXT.search(joined, place + 1)
            place = following.end() - 1 if following else len(joined)
            continue
        if begin < place:
            yield joined[begin:place].encode()
        yield joined[place:end].encode()
        begin = place = _BLANK.match(joined, end).end()  # type: ignore[union-attr]
    if begin < len(joined):
        yield joined[begin:].encode()


def _lines_or_document(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    head = [(number, line) for number, line in zip(range(1, 3), file, strict=False)]
    if is_one_document([line for _, line in head]):
        rest = file.read(LARGEST_DOCUMENT)
        if len(rest) == LARGEST_DOCUMENT:
            raise BadFile(name, "it is one JSON document of over 256 MB: write one batch a line")
        yield 1, b"".join(line for _, line in head) + rest
        return
    yield from head
    yield from enumerate(file, 3)


def is_one_document(head: Sequence[bytes]) -> bool:
    """Return whether a file is one JSON document over several lines, by its first two lines, if it has as many."""
    if len(head) < 2 or (head[1].lstrip()[:1] == b"{" and head[0].lstrip()[:1] == b"{"):
        return False
    try:
        json.loads(head[0])
    except (ValueError, RecursionError):
        return True
    return False


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number. Raises BadFile, with the line up to which a broken gzip file could be read."""
    number = 0
    try:
        with _unpacked(path) as file:
            for number, line in enumerate(file, start=1):
                yield number, line
    except UNREADABLE as error:
        raise unreadable(path, error, number + 1) from None


def check_whole(path: Path) -> None:
    """Raise BadFile for a broken gzip file: its content may be noise, so nothing else is to blame."""
    with _unpacked(path) as file:
        packed = isinstance(file, gzip.GzipFile)
    for _ in lines(path) if packed else ():
        pass


def unreadable(path: Path | str, error: Exception, line: int | None = None) -> BadFile:
    """Return the error of a file whose bytes can't be read, or unpacked. ``line``: up to which they could be."""
    if isinstance(error, EOFError):
        return BadFile(path, "the compressed file is cut off", line)
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        # A wrong checksum is seen at the end, and may be due to any line.
        return BadFile(path, "the compressed file is broken", line if isinstance(error, zlib.error) else None)
    return BadFile(path, getattr(error, "strerror", None) or "it can't be read")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder, which is renamed to ``out`` if all goes well.

    Raises BadFile if ``out`` exists and is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadFile(out, "it is there already and not empty: name another folder, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        folder.replace(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
