"""One reader of CSV: backfill, evaluate and prepare name the same line of a file, and give the same reason."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.data import log
from personalize_data import csv_reader
from personalize_data.conversion import Plan, Source, convert
from personalize_data.errors import BadFile
from personalize_data.import_summary import ImportSummary
from personalize_data.prepare import source
from tests.personalize_data.conversions import INTERACTIONS, NOW

HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"
ROW = "u,i,1700000000,view\n"
QUOTE = "a quote is not closed, or stands within a value"
UTF_8 = "not UTF-8: save it as a CSV in UTF-8"


def backfill(path: Path) -> ImportSummary:
    out = io.StringIO()
    return convert(Plan("interactions", [Source(str(path), path, "")], INTERACTIONS), out, NOW)


def prepare(path: Path) -> None:
    table = source.opened(path)
    table.collect(table.rows)


READERS: list[Callable[[Path], object]] = [backfill, log.read, prepare]
HEADERS = {
    "empty": (b"", None, "it is empty"),
    "an empty line": (b"\n" + HEADER.encode(), 1, "it begins with an empty line; a CSV begins with a header"),
    "empty names": (b",\n", 1, "it begins with an empty line; a CSV begins with a header"),
    "a name twice": (b"USER_ID,a b,a b\n", 1, "the header names 'a b' twice"),
    "Latin-1": (b"USER_ID,PR\xc4MIE\nu,1\n", 1, f"its header is not text in UTF-8: {csv_reader.NOT_UTF8}"),
    "an old Mac": (b"USER_ID,ITEM_ID\ru,i\r", None, "its lines end in carriage returns alone, as on old Macs: save it "
                   "with other line ends"),
    "a spreadsheet's sep=": (b"sep=,\n" + HEADER.encode(), 1, "a spreadsheet's sep= stands before the header: take the "
                             "line out, it is not needed"),
    "a name over two lines": (b'"USER\nID",ITEM_ID\nu,i\n', 1, "a quote in the header is not closed, or a name breaks "
                              "over two lines: write each name in one line"),
}  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_cannot_be_used_is_refused_alike(
    tmp_path: Path, case: str, read: Callable[[Path], object]
) -> None:
    content, line, reason = HEADERS[case]
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(BadFile) as error:
        read(path)

    assert (error.value.path, error.value.line, error.value.reason) == (path, line, reason) or (
        read is backfill and str(error.value) == str(BadFile(path, reason, line))
    )


def test_the_mark_of_windows_and_blanks_that_do_not_break_are_part_of_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\ufeffUSER_ID;the\u00a0item;AT\r\nu;\u00a0;1\r\n", encoding="utf-8")

    with csv_reader.opened(path) as reader:
        assert (reader.header, reader.delimiter) == (["USER_ID", "the\u00a0item", "AT"], ";")
        assert list(reader.rows()) == [(2, ["u", "\u00a0", "1"], None)]


# The first row that is broken, with line 3 as its first, and how it is named.
BROKEN = {
    "too long": (ROW.replace("\n", ",x\n"), "a broken row: 5 columns, where the header has 4"),
    "a quote that is not closed": ('"' + ROW, QUOTE),
    "a quote within quotes": ('"u"u",i,1700000000,view\n', QUOTE),
    "not UTF-8": ("caf\udce9,i,1700000000,view\n", UTF_8),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_named_by_the_line_on_which_it_begins(tmp_path: Path, case: str) -> None:
    row, reason = BROKEN[case]
    path = tmp_path / "table.csv"
    path.write_text(HEADER + ROW + row + ROW, errors="surrogateescape")

    for read in (log.read, prepare):
        with pytest.raises(BadFile) as error:
            read(path)
        assert (error.value.line, error.value.reason[: len(reason)]) == (3, reason)
    try:
        assert [example.line for example in backfill(path).examples][:1] == [3]
    except BadFile as hidden:  # of the rows that a quote hides
        assert (hidden.line, hidden.reason) == (3, csv_reader.QUOTE)  # noqa: PT017 - the other rows raise nothing


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(HEADER + ROW + '"u\n\nv",i\n' + '"u\nv"' + ROW[1:] + ROW)

    with csv_reader.opened(path) as reader:
        lines = [(line, broken) for line, _, broken in reader.rows()]
    assert lines == [(2, None), (3, "a broken row: 2 columns, where the header has 4"), (6, None), (8, None)]


@pytest.mark.parametrize("read", READERS)
def test_a_field_may_have_any_length(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(HEADER.replace("\n", ",NOTE\n") + f"u,i,1700000000,view,{'x' * 200_000}\n")

    summary = read(path)

    if isinstance(summary, ImportSummary):
        assert (summary.rows, summary.bad) == (1, {})


def test_a_carriage_return_within_a_value_cuts_no_row_in_two(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(HEADER.encode() + b"u\rv,i,1700000000,view\n" + ROW.encode())

    with csv_reader.opened(path) as reader:
        rows = list(reader.rows())
    assert [line for line, _, _ in rows] == [2, 3]
    assert (rows[0][2] or "").startswith("a carriage return stands within a value")


@pytest.mark.parametrize("read", READERS)
def test_a_cut_gzip_file_is_named_with_the_line_up_to_which_it_can_be_read(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "table.csv.gz"
    rows = "".join(f"{number * 7919 % 10_007},i,1700000000,view\n" for number in range(3000))
    packed = gzip.compress((HEADER + rows).encode())
    path.write_bytes(packed[: len(packed) // 2])

    with pytest.raises(BadFile, match="the compressed file is cut off") as error:
        read(path)
    assert 1000 < (error.value.line or 0) < 2000
