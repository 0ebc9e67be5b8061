"""Files that spreadsheets, old programs and broken downloads leave behind: read rightly, or refused with the line."""

import gzip
import random
from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
ROWS = b"who,item,at\n" + b"".join(b"%d,%d,1700000000\n" % (place, random.Random(place).getrandbits(64))
                                  for place in range(3000))  # fmt: skip


def refusal(file: Path, content: bytes) -> str:
    """Return the message that refuses a file, from after its path."""
    file.write_bytes(content)
    result = run("events", file, *LOG, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ").removeprefix(str(file))


def damaged(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def test_a_gzip_file_that_breaks_off_or_is_damaged_is_named_with_the_line_if_that_is_known(tmp_path: Path) -> None:
    packed = gzip.compress(ROWS)
    file = tmp_path / "log.csv.gz"

    assert refusal(file, packed[:-4]) == ":3002: the compressed file is cut off"
    assert refusal(file, packed[:5]) == ": the compressed file is cut off"
    assert refusal(file, damaged(packed, len(packed) // 2)).endswith(": the compressed file is broken")
    assert refusal(file, damaged(packed, len(packed) - 6)) == ": the compressed file is broken"


def test_a_header_with_a_spreadsheets_sep_is_refused(tmp_path: Path) -> None:
    message = ":1: a spreadsheet's sep= stands before the header: take the line out, it is not needed"
    assert refusal(tmp_path / "log.csv", b"sep=;\r\nwho;item;at\r\n1;a;1700000000\r\n") == message


def test_blanks_around_a_name_are_shown(tmp_path: Path) -> None:
    assert refusal(tmp_path / "log.csv", b"who , item,at\n1,a,1700000000\n").endswith("it has 'who ', ' item', at")


QUOTES = {
    "never closed": b'who,item,at\n1,a,1700000000\n1,"b,1700000000\n1,c,1700000000\n',
    "in a value": b'who,item,at\n1,a,1700000000\n1,5" disk,1700000000\n2,c,1700000000\n',
    "in a quoted value": b'who,item,at\n1,a,1700000000\n1,"5" disk",1700000000\n1,c,1700000000\n',
}


@pytest.mark.parametrize("case", QUOTES)
def test_a_quote_that_is_too_many_is_found_where_it_opens(tmp_path: Path, case: str) -> None:
    assert refusal(tmp_path / "log.csv", QUOTES[case]).startswith(":3: a quote is not closed, or stands within a value")


def test_a_spreadsheets_csv_with_mark_semicolons_and_quotes_over_lines_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes('\ufeffwho;item;at;note;\r\n1;"a;""5"" b";2024-01-01;"one\r\ntwo";\r\n'.encode())
    prepare("events", file, *LOG, "--metadata", "note")
    (row,) = written(file, "interactions.csv")
    assert (row["ITEM_ID"], row["NOTE"]) == ('a;"5" b', "one\r\ntwo")
