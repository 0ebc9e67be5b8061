"""Excel workbooks: each cell as exactly its value, by the row numbers that Excel shows."""

from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, written
from tests.personalize_data.prepare.workbooks import DATE, TIME, Cell, Number, write

HEADER = ["customer", "sku", "at", "price"]
LOG = ("--user", "customer", "--item", "sku", "--time", "at", "--event-type", "view")
EIGHT_26 = Number("40513.3513888889", DATE)  # 2010-12-01 08:26:00


def book(folder: Path, *rows: list[Cell]) -> Path:
    return write(folder / "shop.xlsx", {"Sheet1": [HEADER, *rows]})


def refusal(file: Path, *arguments: str) -> str:
    """Return the message that refuses a workbook, from after its path."""
    result = run("events", file, *LOG, *arguments, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix(f"Error: {file}: ")


def test_numbers_dates_and_text_are_exactly_what_the_cells_hold(tmp_path: Path) -> None:
    file = book(tmp_path, [Number("17850"), "085123", EIGHT_26, Number("2.55")], ["ann ", Number("7"), EIGHT_26, None])
    prepare("events", file, *LOG, "--value", "price")
    assert [tuple(row.values()) for row in written(file, "interactions.csv")] == [
        ("17850", "085123", "view", "1291191960", "2.55"),
        ("ann", "7", "view", "1291191960", ""),
    ]


def test_a_file_is_a_workbook_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    file = book(tmp_path, ["a", "x", EIGHT_26, None]).rename(tmp_path / "shop.csv")
    assert prepare("events", file, *LOG)["interactions"] == 1


def test_an_id_that_excel_has_rounded_is_refused_with_its_row(tmp_path: Path) -> None:
    good: list[Cell] = [Number("999999999999999"), "x", EIGHT_26, None]
    for number in ("5045766802590845105", "1000000000000000", "-5045766802590845105", "5.04576680259085E+18"):
        reason = refusal(book(tmp_path, good, [Number(number), "y", EIGHT_26, None]))
        assert reason.startswith("row 3: customer is '")
        assert "which a spreadsheet has rounded" in reason
    text: list[Cell] = ["5045766802590845105", "y", EIGHT_26, None]
    file = book(tmp_path, good, text)
    prepare("events", file, *LOG)
    assert {row["USER_ID"] for row in written(file, "interactions.csv")} == {"999999999999999", "5045766802590845105"}


def test_rows_are_counted_as_excel_does_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [[], [None, None], list(HEADER), ["a", "x", EIGHT_26], [], [None, "y", EIGHT_26]]
    file = write(tmp_path / "shop.xlsx", {"Sheet1": rows})
    assert refusal(file).startswith("row 6: nothing in customer")
    summary = prepare("events", file, *LOG, "--impute", "customer=drop")
    assert (summary["rows_read"], summary["interactions"], summary["left_out"]["blank_rows"]) == (3, 1, 1)


def test_the_first_sheet_with_anything_in_it_is_read_and_named(tmp_path: Path) -> None:
    sheets: dict[str, list[list[Cell]]] = {
        "Hidden": [["other"]],
        "Cover": [],
        "Log": [list(HEADER), ["a", "x", EIGHT_26]],
        "More": [list(HEADER), ["b", "x", EIGHT_26], ["c", "x", EIGHT_26]],
    }
    file = write(tmp_path / "shop.xlsx", sheets, hidden=["Hidden"])
    summary = prepare("events", file, *LOG)
    assert summary["interactions"] == 1
    assert summary["notes"][0] == (
        "of the sheets, 'Log' was read, the first that is not empty; --sheet names another: Cover, More, Hidden"
    )
    result = run("events", file, *LOG, "--sheet", "More", "--dry-run", "--json")
    assert '"interactions": 2' in result.stdout
    assert "'Log'" not in result.stdout
    assert (
        "has no such sheet; it has Cover, Log, More, Hidden"
        in run("events", file, *LOG, "--sheet", "x", "--dry-run").stderr
    )


def test_a_time_of_day_may_be_a_cell_of_its_own(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["customer", "sku", "at", "clock"],
        ["a", "x", Number("40513", DATE), Number("0.351388888888889", TIME)],
    ]
    file = write(tmp_path / "shop.xlsx", {"Sheet1": rows})
    prepare("events", file, *LOG, "--time-of-day", "clock")
    assert [row["TIMESTAMP"] for row in written(file, "interactions.csv")] == ["1291191960"]


def test_day_numbers_that_are_not_shown_as_dates_are_named(tmp_path: Path) -> None:
    file = book(tmp_path, ["a", "x", Number("40513.3513889"), None])
    assert "is 2010-12-01 08:26 in Excel's day numbers: --time-unit excel reads it" in refusal(file)
    prepare("events", file, *LOG, "--time-unit", "excel")
    assert [row["TIMESTAMP"] for row in written(file, "interactions.csv")] == ["1291191960"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "has no rows"),
        ([HEADER], "has no rows"),
        ([["customer", "sku", "at", "sku"], ["a", "x", EIGHT_26, "y"]], "row 1: the header names 'sku' twice"),
        ([["customer", "sku", None], ["a", "x", EIGHT_26]], "has no such column; it has customer, sku"),
    ],
)
def test_a_sheet_that_is_no_table_is_refused(tmp_path: Path, rows: list[list[Cell]], reason: str) -> None:
    assert reason in refusal(write(tmp_path / "shop.xlsx", {"Sheet1": rows}))


def test_a_sheet_without_a_header_gets_names(tmp_path: Path) -> None:
    file = write(tmp_path / "shop.xlsx", {"Sheet1": [["a", "x", EIGHT_26], ["b", "x", EIGHT_26]]})
    assert prepare("events", file, *LOG, "--columns", "customer,sku,at")["interactions"] == 2
    assert "row 1: --columns has 2 names, and the sheet 3 columns" in refusal(file, "--columns", "customer,sku")


def test_a_damaged_workbook_is_refused_in_one_line(tmp_path: Path) -> None:
    file = book(tmp_path, ["a", "x", EIGHT_26, None])
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"))
    assert refusal(file).startswith("it can't be read as an Excel workbook")
