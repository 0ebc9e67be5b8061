"""JSON Lines and JSON arrays of flat objects: each value as the text that stands for exactly its value."""

import io
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from personalize_data import files
from personalize_data.errors import BadFile
from personalize_data.file_kinds import FileKind
from personalize_data.prepare.formats import blocks, quick_rows
from personalize_data.prepare.formats.blocks import LINE, Blocks, Cells

OBJECT = "object"  # an array's element
BLOCK = 1 << 20  # characters
LARGEST = 1 << 24  # characters of one object, and of what is looked at to say what a file is
BATCHES = "this is mParticle's batches: ./broker backfill reads them"
NOT_UTF8 = "not UTF-8, in which JSON is written"
SPACES = " \t\r\n"
BLANKS = SPACES.encode()
LINES = 2_000  # that are read at once


class _NameTwice(ValueError):
    """An object with one name twice."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise _NameTwice(next(name for name in names if names.count(name) > 1))
    return members


# Numbers stay the text that they are: a 64-bit id is not exact as a float.
DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=str, parse_int=str, parse_constant=str)


def opened(path: Path, kind: FileKind, scratch: Path) -> Blocks:
    """Read JSON Lines or a JSON array.

    Raises BadFile with the line, or the object's number, of what is no flat object; InvalidRequest for no rows.
    """
    unit, tables = (LINE, _of_lines) if kind is FileKind.JSON_LINES else (OBJECT, _of_array)
    nested: dict[str, str] = {}
    names = blocks.write(path, tables(path, nested), scratch / "blocks")
    return Blocks(path, tuple(name for name in names if name not in nested), scratch / "blocks", unit, nested)


def is_batches(path: Path) -> bool:
    """Return whether the first JSON value of a file is a batch of mParticle's, or an array with one in it."""
    with files.opened(path) as file:
        text = file.read(LARGEST).decode("utf-8-sig", "replace").lstrip(SPACES)
    try:
        value, _ = DECODER.raw_decode(text.lstrip("[" + SPACES))
    except (ValueError, RecursionError):
        return False
    return _is_batch(value)


def _is_batch(value: Any) -> bool:
    """Return whether a JSON value is a batch (mParticle JSON reference): an mpid, or event types, beside events."""
    if not isinstance(value, dict) or "events" not in value:
        return False
    events = value["events"] if isinstance(value["events"], list) else []
    return "mpid" in value or any(isinstance(event, dict) and "event_type" in event for event in events)


def _of_lines(path: Path, nested: dict[str, str]) -> Iterator[pl.DataFrame]:
    """Yield the rows as tables of text. ``nested`` gets the names and places of lists and objects."""
    lines = _lines(path)
    while part := list(islice(lines, LINES)):
        quick = quick_rows.rows([line for _, line in part])
        rows = [
            _of_line(path, number, line, nested) if cells is None else cells
            for (number, line), cells in zip(part, quick, strict=True)
        ]
        yield blocks.table([number - 1 for number, _ in part], rows, quick_rows.column)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines that are not empty, without blanks around them."""
    for number, line in files.lines(path):
        text = line.removeprefix(BOM_UTF8).strip(BLANKS) if number == 1 else line.strip(BLANKS)
        if text:
            yield number, text


def _of_line(path: Path, number: int, line: bytes, nested: dict[str, str]) -> Cells:
    row = number - 1
    return _cells(path, LINE, row, _decoded(path, LINE, row, lambda: DECODER.decode(_utf8(path, line, number))), nested)


def _of_array(path: Path, nested: dict[str, str]) -> Iterator[pl.DataFrame]:
    """Yield the same of an array."""
    rows = ((number, _cells(path, OBJECT, number, value, nested)) for number, value in _elements(path))
    return blocks.tables(rows)


def _utf8(path: Path, line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BadFile(path, NOT_UTF8, number) from None


def _decoded(path: Path, unit: str, row: int, decode: Callable[[], Any]) -> Any:
    try:
        return decode()
    except _NameTwice as error:
        raise blocks.bad(path, unit, row, f"it has {str(error)!r} twice") from None
    except json.JSONDecodeError as error:
        raise blocks.bad(path, unit, row, f"it is not JSON: {error.msg}") from None
    except RecursionError:
        raise blocks.bad(path, unit, row, "it is nested too deep") from None


def _elements(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the elements of an array, one after the other, without the whole of it in memory."""
    with files.opened(path) as file:
        text = _Text(_reader(path, file))
        text.skip("[")
        number = 0
        while not text.at("]"):
            if number and not text.skip(","):
                raise blocks.bad(path, OBJECT, number, "a comma or the array's end is missing before it")
            yield number, _decoded(path, OBJECT, number, text.value)
            number += 1
        text.skip("]")
        if not text.at(""):
            raise BadFile(path, "something stands after the JSON array")


def _reader(path: Path, file: BinaryIO) -> Callable[[], str]:
    text = io.TextIOWrapper(file, "utf-8-sig")

    def read() -> str:
        try:
            return text.read(BLOCK)
        except UnicodeDecodeError:
            raise BadFile(path, NOT_UTF8) from None

    return read


class _Text:
    """The text of a file, of which as much is in memory as one value needs."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read, self._text, self._place, self._ended = read, "", 0, False

    def at(self, mark: str) -> bool:
        """Return whether a mark comes next, after blanks; the empty mark is the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in SPACES:
                self._place += 1
            if self._place < len(self._text):
                return bool(mark) and self._text.startswith(mark, self._place)
            if not self._more():
                return not mark

    def skip(self, mark: str) -> bool:
        """Skip a mark; return whether it was there."""
        there = self.at(mark)
        self._place += len(mark) if there else 0
        return there

    def value(self) -> Any:
        """Return the next JSON value. Raises ValueError."""
        self.at("")
        while True:
            try:
                value, self._place = DECODER.raw_decode(self._text, self._place)
            except json.JSONDecodeError:  # it may go on in the next block
                if len(self._text) - self._place > LARGEST or not self._more():
                    raise
            else:
                return value

    def _more(self) -> bool:
        block = "" if self._ended else self._read()
        self._ended = not block
        self._text, self._place = self._text[self._place :] + block, 0
        return bool(block)


def _cells(path: Path, unit: str, row: int, value: Any, nested: dict[str, str]) -> Cells:
    """Return a row's cells without the lists and objects in it, whose names and places are added to ``nested``."""
    if not isinstance(value, dict):
        raise blocks.bad(path, unit, row, "it is no object: a row is one, with a value for each column")
    if _is_batch(value):
        raise BadFile(path, BATCHES)
    cells: dict[str, str | None] = {}
    for name, cell in value.items():
        if isinstance(cell, dict | list):
            nested.setdefault(name, f"{unit} {row + 1}")
        else:
            cells[name] = str(cell).lower() if isinstance(cell, bool) else cell
    return cells
