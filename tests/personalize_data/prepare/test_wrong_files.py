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


HIDDEN = b"""who,item,at,name,ok
1,a,1700000000,lamp,yes
1,b,1700000001,"5 inch,yes
1,c,1700000002,mug,yes
1,d,1700000003,19",yes
"""


@pytest.mark.parametrize("more", [(), ("--consent", "ok"), ("--metadata", "name")])
def test_quotes_that_pair_up_over_rows_hide_none_of_them(tmp_path: Path, more: tuple[str, ...]) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(HIDDEN)
    result = run("events", file, *LOG, *more, "--dry-run")
    assert (result.exit_code, f"{file}:3: a quote is not closed" in result.stderr) == (2, True), result.output


def test_a_value_over_several_lines_is_one_value(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(HIDDEN.replace(b'"5 inch', b'"12, Main Street\nParis"').replace(b'19"', b'"a\n\nb"'))
    summary = prepare("events", file, *LOG)
    assert (summary["rows_read"], summary["interactions"]) == (4, 4)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_row_that_ends_too_early_is_refused_unless_it_is_dropped(tmp_path: Path, separator: str) -> None:
    text = "who,item,at,name\n1,a,1700000000,x\n1,b,1700000001\n".replace(",", separator).encode()
    assert refusal(tmp_path / "log.csv", text) == ":3: a broken row: 3 columns, where the header has 4"
    file = tmp_path / "log.csv"
    file.write_bytes(text.replace(b"1" + separator.encode() + b"b", separator.encode() + b"b"))
    summary = prepare("events", file, *LOG, "--impute", "who=drop")
    assert (summary["interactions"], summary["fill"]["dropped"]) == (1, {"who": 1})


def test_empty_values_at_the_end_are_no_broken_row(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(b'who;item;at;name\n1;a;1700000000;\n1;"b";1700000001;""\n')
    assert prepare("events", file, *LOG)["interactions"] == 2


def test_a_row_of_an_ownership_table_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bank.csv"
    file.write_bytes(b"who,month,p_a,city\n1,2016-01,1,north\n2,2016-01,1\n")
    result = run("ownership", file, "--user", "who", "--month", "month", "--product", "p_*", "--dry-run")
    assert f"{file}:3: a broken row: 3 columns, where the header has 4" in result.stderr
