"""A part of a file in S3, copied here: its bytes up to the end of its last line."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from personalize_data.exports.part import Part

STEP = 8 << 20  # bytes of one request
Read = Callable[[int, int], bytes]  # from a byte, so many; fewer at the end of the file


def copy(part: Part, read: Read, path: Path) -> Part:
    """Write the bytes of a part to a file; return the part of that file. ``read``: reads the original."""
    begin = max(0, part.begin - 1)  # a line that begins with the part follows the end of another
    place = begin
    with path.open("wb") as out:
        while part.end is None or place < part.end:
            data = read(place, STEP if part.end is None else min(STEP, part.end - place))
            if not data:
                return part.in_copy_from(begin)
            place += out.write(data)
        _end_line(out, read, place)
    return part.in_copy_from(begin)


def _end_line(out: BinaryIO, read: Read, place: int) -> None:
    if read(place - 1, 1) == b"\n":
        return
    while data := read(place, STEP):
        line, end, _ = data.partition(b"\n")
        place += out.write(line + end)
        if end:
            return
