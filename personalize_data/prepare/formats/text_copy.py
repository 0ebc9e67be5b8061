"""A copy of a CSV as polars reads it: in UTF-8, and with a header."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from personalize_data.csv_reader import DELIMITERS
from personalize_data.errors import BadFile
from personalize_data.files import opened

BLOCK = 1 << 20  # bytes
MARK = "\ufeff"  # the byte order mark
UNKNOWN = "\ufffd"  # what stands for bytes that can't be decoded


def write(path: Path, copy: Path, encoding: str, columns: Sequence[str]) -> Path:
    """Write a copy and return its path; ``columns`` become its header, which is its first line.

    Raises BadFile with the line that is not text in the encoding, and where the first line has another width.
    """
    blocks = _decoded(path, encoding)
    head = next(blocks, "").lstrip(MARK)
    with copy.open("w", encoding="utf-8", newline="") as file:
        if columns:
            file.write(_header(path, head, columns))
        file.write(head)
        file.writelines(blocks)
    return copy


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 0
    with opened(path) as file:
        while True:
            block = file.read(BLOCK)
            state = decoder.getstate()
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                decoder.setstate(state)
                decoder.errors = "replace"
                before = decoder.decode(block, final=True).partition(UNKNOWN)[0]
                raise BadFile(
                    path, f"not {encoding}: --encoding names another", lines + before.count("\n") + 1
                ) from None
            lines += text.count("\n")
            yield text
            if not block:
                return


def _header(path: Path, head: str, columns: Sequence[str]) -> str:
    first = head.partition("\n")[0].rstrip("\r")
    delimiter = max(DELIMITERS, key=first.count)
    values = next(csv.reader([first], delimiter=delimiter), [])
    if len(values) != len(columns):
        raise BadFile(path, f"--columns has {len(columns)} names, and the first line {len(values)} values", 1)
    header = io.StringIO()
    csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(columns)
    return header.getvalue()
