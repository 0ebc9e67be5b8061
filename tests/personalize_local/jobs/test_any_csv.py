"""Whatever a CSV file holds, an import takes what an independent reading finds in it, or names the wrong line."""

import contextlib
import io
import math
import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_local.control import avro
from personalize_local.data.csv_rows import BadLine, read_table
from personalize_local.data.tables import InteractionTable
from tests.personalize_local.jobs.schemas import KEYS, schema

SCHEMA = schema("Interactions", *KEYS, ("EVENT_TYPE", "string"), ("EVENT_VALUE", ["null", "float"]))
FIELDS = avro.fields(SCHEMA)
NAMES = [field.name for field in FIELDS]
HEADER = ",".join(NAMES)

Row = tuple[str, str, int, str, float | None]

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=6)
good_rows = st.lists(
    st.tuples(
        names,
        names,
        st.integers(0, 10**11 - 1).map(str),
        st.sampled_from(["View", "Buy"]),
        st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=8,
)
cells = st.sampled_from(["a", "b", "1", "1", "1700000000", '"a,b"', '"1"', '"\n"', "é", "0", "2e3", "-1", "", "a b"])
ids = st.sampled_from(["a", '"a,b"', '"\r\n"', '"""x"', "é", "a b"])
fitting = st.tuples(ids, ids, st.sampled_from(["0", "+1", '"2"']), ids, st.sampled_from(["", "2e3", ".5", "-0"])).map(
    list
)
pieces = st.sampled_from(["a", "b,", ",", '"', '""', "\n", "\r\n", "1", "1.5", "é", " ", HEADER])
CELL = re.compile(r'"((?:[^"]|"")*)"(?=,|\r?\n|\Z)|(?!")[^,\r\n]*')


def import_rows(content: bytes) -> list[Row]:
    """Import what follows a header. Raises BadLine."""
    table = InteractionTable(FIELDS)
    assert read_table(io.BytesIO(content), NAMES, table.add) == len(table.columns())
    return list(rows_of(table))


def rows_of(table: InteractionTable) -> Iterator[Row]:
    read = table.columns()
    for user, item, time, kind, value in zip(read.users, read.items, read.times, read.types, read.values, strict=True):
        own = None if math.isnan(value) else float(value)
        yield read.user_ids[user], read.item_ids[item], int(time), read.event_types[kind], own


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@given(good_rows, st.sampled_from(["\n", "\r\n"]), st.booleans())
@example([("a\nb", 'c"d', "1", "View", 0.5)], "\r\n", True)
def test_every_good_file_is_imported_as_it_was_written(
    rows: list[tuple[str, str, str, str, float | None]], end: str, last: bool
) -> None:
    lines = [",".join([quoted(a), quoted(b), c, d, "" if e is None else repr(e)]) for a, b, c, d, e in rows]
    content = end.join([HEADER, *lines]) + (end if last else "")
    assert import_rows(content.encode()) == [(a, b, int(c), d, e) for a, b, c, d, e in rows]


@given(
    st.lists(fitting | fitting | fitting | st.lists(cells, min_size=4, max_size=6), max_size=5),
    st.just([]) | st.lists(pieces, max_size=4),
    st.integers(0, 5),
)
@example([["a", "b", "1", "c", "1.5"]], [], 0)
@example([["a", "b", "1", "c", ""], ['"\n"', "b", "0", "c", "x"]], [], 0)
@example([], ['"a', '\n"', ",b,1,c", "\n", "a"], 0)
def test_any_file_is_read_as_an_independent_reading_has_it(lines: list[list[str]], noise: list[str], at: int) -> None:
    texts = [",".join(line) for line in lines]
    texts.insert(at, "".join(noise))
    text = f"{HEADER}\n" + "\n".join(texts)
    expected, bad = independent(text)
    try:
        found, named = import_rows(text.encode()), None
    except BadLine as error:
        named = str(error)
    if bad is None:
        assert named is None
        assert found == expected
    else:
        assert named
        assert re.fullmatch(rf"line {bad}: [^\n]+", named)


def independent(text: str) -> tuple[list[Row], int | None]:
    """Return the good rows behind the header up to the first bad one, and the line on which that starts."""
    rows = []
    for line, found in split(text):
        if found is None or len(found) != 5 or not good(*found):
            return rows, line
        user, item, time, kind, value = found
        rows.append((user, item, int(time), kind, float(np.float32(value)) if value else None))
    return rows, None


def split(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield the rows behind the header with their first lines; None for one that is not CSV (RFC 4180)."""
    place, line = text.index("\n") + 1, 2
    while place < len(text):
        start, row = line, []
        while True:
            cell = CELL.match(text, place)
            if cell is None:
                yield start, None
                return
            row.append(cell[0] if cell[1] is None else cell[1].replace('""', '"'))
            line += cell[0].count("\n")
            place = cell.end() + 1
            if text[cell.end() : place] != ",":
                break
        place += text.startswith("\r\n", place - 1)
        line += 1
        if cell[0] or len(row) > 1:
            yield start, row


def good(user: str, item: str, time: str, kind: str, value: str) -> bool:
    whole = re.fullmatch("[+-]?[0-9]+", time)
    number = not value or (set(value) <= set("0123456789+-.e") and is_float32(value))
    return bool(user and item and kind and whole and 0 <= int(time) < 10**11 and number)


def is_float32(value: str) -> bool:
    try:
        return abs(float(value)) <= np.finfo(np.float32).max
    except ValueError:
        return False


@given(st.binary(max_size=200))
def test_bytes_that_are_no_csv_fail_with_their_line(noise: bytes) -> None:
    with pytest.raises(BadLine, match=r"^line 1: [^\n]+$"):
        import_rows(noise)
    with contextlib.suppress(BadLine):
        import_rows(f"{HEADER}\n".encode() + noise)
