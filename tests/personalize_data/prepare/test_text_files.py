"""Tables in other encodings, without a header, or of a kind that is not read."""

import bz2
import io
import zipfile
from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
TEXT = "who,item,at\nJürg,café,1700000000\nann,thé,1700000001\n"


def refusal(file: Path, *arguments: str) -> str:
    """Return the message that refuses a file, from after its path."""
    result = run("events", file, *LOG, *arguments, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ").replace(str(file), "")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8"])
def test_an_encoding_that_is_named_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(TEXT.encode(encoding))
    prepare("events", file, *LOG, "--encoding", encoding)
    rows = [(row["USER_ID"], row["ITEM_ID"]) for row in written(file, "interactions.csv")]
    assert rows == [("Jürg", "café"), ("ann", "thé")]


def test_bytes_of_another_encoding_are_named_with_their_line_and_the_option(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(TEXT.encode("cp1252"))
    assert refusal(file).startswith(":2: not UTF-8: save it as a CSV in UTF-8, or name its encoding")
    assert " --encoding " in refusal(file)
    assert refusal(file, "--encoding", "ascii") == ":2: not ascii: --encoding names another"
    file.write_bytes(TEXT.replace("who", "wär").encode("cp1252"))
    assert refusal(file).startswith(":1: ")
    assert " --encoding " in refusal(file)
    file.write_bytes(TEXT.encode("utf-16"))
    message = refusal(file)
    assert ("this is text in UTF-16: " in message, "--encoding utf-16" in message) == (True, True)


def test_the_line_is_right_far_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    row = b"ann,the,1700000001\n"
    file.write_bytes(b"who,item,at\n" + row * 200_000 + b"ann,caf\x81,1700000001\n" + row)
    assert refusal(file, "--encoding", "cp1252").startswith(":200002: not cp1252")


def test_an_encoding_that_nobody_knows_is_wrong_use(tmp_path: Path) -> None:
    for name in ("latin1000", "hex"):
        assert f"--encoding {name}: no such encoding" in refusal(table(tmp_path, TEXT), "--encoding", name)


HEADLESS = "1;2014-04-02T10:54:00.000Z;214500004;0\n2;2014-04-02T10:54:01.001Z;;0\n"
NAMES = ("--columns", "who,at,item,category")


def test_a_table_without_a_header_gets_names_and_keeps_its_line_numbers(tmp_path: Path) -> None:
    file = table(tmp_path, HEADLESS)
    message = refusal(file)
    assert message.startswith("--user who: the first line of  looks like data (1, 2014-04-02T10:54:00.000Z, ")
    assert "--columns NAME,NAME,… names the columns" in message
    assert refusal(file, *NAMES).startswith(":2: nothing in item")
    assert refusal(file, "--columns", "who,at") == ":1: --columns has 2 names, and the first line 4 values"
    summary = prepare("events", file, *LOG, *NAMES, "--impute", "item=drop")
    assert (summary["rows_read"], summary["interactions"]) == (2, 1)
    assert "names each column once" in refusal(file, "--columns", "who,who")


def test_a_first_line_that_has_a_value_twice_looks_like_data_too(tmp_path: Path) -> None:
    assert "looks like data (1, 1, 1700000000)" in refusal(table(tmp_path, "1,1,1700000000\n2,3,1700000001\n"))


def test_a_quote_that_is_not_closed_is_named_by_the_line_of_the_file(tmp_path: Path) -> None:
    file = table(tmp_path, '1,1700000000,a,0\n2,1700000000,"b,0\n3,1700000000,c,0\n')
    assert refusal(file, *NAMES).startswith(":2: a quote is not closed")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("log.csv", TEXT)
    return file.getvalue()


OTHERS = {
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as .xlsx"),
    "ZIP": (zipped(), "this is a ZIP archive: unpack it first"),
    "bzip2": (bz2.compress(TEXT.encode()), "this is packed by bzip2: unpack it first"),
    "HTML": (b"<!DOCTYPE html><html><table></table></html>", "this is HTML or XML: "),
    "Avro": (b"Obj\x01\x04", "this is an Avro file: write it as Parquet or CSV"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    content, message = OTHERS[kind]
    file = tmp_path / "log.csv"
    file.write_bytes(content)
    assert message in refusal(file)


def test_an_option_for_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path, '{"who": 1, "item": 2, "at": 1700000000}\n')
    for option in (("--encoding", "latin-1"), ("--decimal", ","), ("--columns", "a,b,c"), ("--sheet", "x")):
        message = refusal(file, *option)
        assert message.startswith(f"{option[0]} is for a")
        assert message.endswith(" is JSON Lines")
    assert refusal(table(tmp_path, TEXT), "--sheet", "x") == "--sheet is for an Excel workbook;  is a CSV"


def test_a_name_with_a_pattern_in_it_is_one_file(tmp_path: Path) -> None:
    table(tmp_path, TEXT, "shop1.csv")
    file = table(tmp_path, TEXT.replace("ann", "bob"), "shop[1].csv")
    prepare("events", file, *LOG)
    assert {row["USER_ID"] for row in written(file, "interactions.csv")} == {"Jürg", "bob"}
