"""Files that spreadsheets, old programs and broken downloads leave behind: read rightly, or refused with the line."""

import gzip
import random
from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
ROWS = b"who,item,at\n" + b"".join(b"%d,%d,1700000000\n" % (place, random.Random(place).getrandbits(64))
                                  for place in range(3000))  # fmt: skip


def said(file: Path, content: bytes) -> str:
    """Return what is said of a file after its path."""
    file.write_bytes(content)
    result = run("events", file, *LOG, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ").removeprefix(str(file))


def damaged(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def test_a_gzip_file_that_breaks_off_or_is_damaged_is_named_with_about_the_line(tmp_path: Path) -> None:
    packed = gzip.compress(ROWS)
    lines = {}
    for case, content in {
        "half": packed[: len(packed) // 2],
        "end": packed[:-4],
        "damaged": damaged(packed, len(packed) // 2),
        "wrong sum": damaged(packed, len(packed) - 6),
    }.items():
        _, line, reason = said(tmp_path / "log.csv.gz", content).split(":", 2)
        assert "the gzip file breaks off or is damaged about here" in reason
        lines[case] = int(line)
    assert 1000 < lines["half"] < 2000
    assert lines["end"] == lines["wrong sum"] == 3002
    assert "the compressed file is cut off" in said(tmp_path / "log.csv.gz", packed[:5])


HEADERS = {
    "an old Mac's line ends": (b"who,item,at\r1,a,1700000000\r", ": its lines end in carriage returns alone"),
    "a spreadsheet's sep=": (b"sep=;\r\nwho;item;at\r\n1;a;1700000000\r\n", ":1: a spreadsheet's sep="),
    "a name over two lines": (b'"the\nwho",item,at\n1,a,1700000000\n', ":1: a name in the header breaks"),
    "a name twice": (b"who,item,at,item\n1,a,1700000000,b\n", ":1: the header names item twice"),
    "Windows-1252": (b"who,item,at,stra\xdfe\n1,a,1700000000,b\n", ":1: its header is no text in UTF-8"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_none_is_refused(tmp_path: Path, case: str) -> None:
    content, message = HEADERS[case]
    assert said(tmp_path / "log.csv", content).startswith(message)


def test_blanks_around_a_name_are_shown(tmp_path: Path) -> None:
    assert said(tmp_path / "log.csv", b"who , item,at\n1,a,1700000000\n").endswith("it has 'who ', ' item', at")


QUOTES = {
    "never closed": b'who,item,at\n1,a,1700000000\n1,"b,1700000000\n1,c,1700000000\n',
    "in a value": b'who,item,at\n1,a,1700000000\n1,5" disk,1700000000\n2,c,1700000000\n',
    "in a quoted value": b'who,item,at\n1,a,1700000000\n1,"5" disk",1700000000\n1,c,1700000000\n',
}


@pytest.mark.parametrize("case", QUOTES)
def test_a_quote_that_is_too_many_is_found_where_it_opens(tmp_path: Path, case: str) -> None:
    assert said(tmp_path / "log.csv", QUOTES[case]).startswith(":3: a quote is not closed, or stands within a value")


def test_a_spreadsheets_csv_with_mark_semicolons_and_quotes_over_lines_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes('\ufeffwho;item;at;note;\r\n1;"a;""5"" b";2024-01-01;"one\r\ntwo";\r\n'.encode())
    prepare("events", file, *LOG, "--metadata", "note")
    (row,) = written(file, "interactions.csv")
    assert (row["ITEM_ID"], row["NOTE"]) == ('a;"5" b', "one\r\ntwo")
