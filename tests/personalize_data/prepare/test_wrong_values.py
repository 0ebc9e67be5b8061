"""Numbers that are none, codes of digits, and ids that Personalize can't take: never guessed, never let through."""

from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = ("events", "--user", "who", "--item", "item", "--time", "at")
VIEWS = (*LOG, "--event-type", "view")
SHOP = ("invoices", *LOG[1:], "--quantity", "n", "--price", "price")
BANK = ("ownership", "--user", "who", "--month", "at", "--product", "p_*")


def refusal(folder: Path, text: str, form: str, *arguments: str) -> str:
    """Return the one line that refuses a table, of which nothing was written."""
    file = table(folder, text)
    result = run(form, file, *arguments, "--out", folder / "out")
    assert (result.exit_code, list(folder.iterdir())) == (2, [file]), result.output
    return result.stderr.strip().splitlines()[-1].removeprefix(f"Error: {file}")


@pytest.mark.parametrize("odd", ["nan", "NaN", "inf", "-Infinity", "1e400"])
def test_a_number_that_is_not_finite_is_no_number(tmp_path: Path, odd: str) -> None:
    text = f"who,item,at,n,price\n1,a,2024-01-01,1,2\n1,b,2024-01-01,1,{odd}\n"
    assert refusal(tmp_path, text, *SHOP).startswith(f":3: price is '{odd}', which is no number")
    assert refusal(tmp_path, text, *VIEWS, "--value", "price").startswith(f":3: price is '{odd}', which is no number")
    assert refusal(tmp_path, text, *VIEWS, "--metadata", "price").startswith(
        f":3: price is '{odd}', and a number in 50.0%"
    )
    assert refusal(tmp_path, text, *VIEWS, "--attribute", "N=price").startswith(f":3: price is '{odd}', and a number")
    assert f":3: n is '{odd}'" in refusal(tmp_path, text.replace(f",1,{odd}", f",{odd},1"), *SHOP)


def test_an_odd_number_can_be_taken_for_nothing_known(tmp_path: Path) -> None:
    file = table(tmp_path, "who,item,at,price\n1,a,2024-01-01,2\n1,b,2024-01-01,nan\n")
    prepare(*VIEWS[:1], file, *VIEWS[1:], "--value", "price", "--null-value", "nan")
    assert [row["EVENT_VALUE"] for row in written(file, "interactions.csv")] == ["2.0", ""]


def test_a_product_of_price_and_quantity_that_is_too_large_is_refused(tmp_path: Path) -> None:
    text = "who,item,at,n,price\n1,a,2024-01-01,1,2\n1,b,2024-01-01,1e200,1e200\n"
    assert refusal(tmp_path, text, *SHOP) == ":3: price times n is too large"


@pytest.mark.parametrize("number", ["2,50", "1.234,50", "1,234.50"])
def test_decimal_commas_and_marks_between_thousands_are_never_words_nor_numbers(tmp_path: Path, number: str) -> None:
    text = f"who;item;at;n;price\n1;a;2024-01-01;1;{number}\n2;b;2024-01-02;1;{number}\n"
    for form in (SHOP, (*VIEWS, "--metadata", "price"), (*VIEWS, "--attribute", "price")):
        line = refusal(tmp_path, text, *form)
        assert line.startswith(f":2: price is '{number}', ")
        assert "write a point before decimals, and nothing between thousands" in line


def test_codes_with_leading_zeros_stay_as_they_are(tmp_path: Path) -> None:
    codes = ["01234", "01235", "12345", "2B"]
    rows = "".join(f"u{place},a,2024-01-01,{code}\n" for place, code in enumerate(codes * 5))
    file = table(tmp_path, "who,item,at,zip\n" + rows.replace("2B", "12345", 4))
    summary = prepare(*VIEWS[:1], file, *VIEWS[1:], "--metadata", "zip", "--attribute", "zip")
    assert summary["columns"]["interactions"]["ZIP"] == summary["columns"]["users"]["ZIP"] == "string"
    assert {row["ZIP"] for row in written(file, "interactions.csv")} == set(codes)


def test_metadata_of_digits_is_written_as_it_was_and_is_text_if_that_is_said(tmp_path: Path) -> None:
    for kind, arguments in (("long", ()), ("string", ("--categorical", "zip"))):
        folder = tmp_path / kind
        folder.mkdir()
        file = table(folder, "who,item,at,zip\n1,a,2024-01-01,1234\n")
        summary = prepare(*VIEWS[:1], file, *VIEWS[1:], "--metadata", "zip", *arguments)
        assert summary["columns"]["interactions"]["ZIP"] == kind
        assert [row["ZIP"] for row in written(file, "interactions.csv")] == ["1234"]


IDS = {
    "long": ("a" * 257, "has more than 256 characters"),
    "empty": ('""', "nothing in"),
    "of blanks": ('"   "', "nothing in"),
    "with a NUL": ("a\0b", r"is 'a\x00b', with a control character"),
    "with a line end": ('"a\nb"', r"is 'a\nb', with a control character"),
    "rounded by a spreadsheet": ("1.78500E+15", "is '1.78500E+15', which a spreadsheet has rounded"),
}


@pytest.mark.parametrize("case", IDS)
def test_an_id_that_is_none_is_refused_in_every_form_of_table(tmp_path: Path, case: str) -> None:
    bad_id, reason = IDS[case]
    bank = f"at,who,p_a\n2024-01,1,1\n2024-01,{bad_id},1\n"
    assert reason in refusal(tmp_path, bank, *BANK)
    for at, name in enumerate(("who", "item", "type")):
        fields = ["1", "a", "view"]
        fields[at] = bad_id
        log = f"who,item,type,at,n,price\n1,a,view,2024-01-01,1,1\n{','.join(fields)},2024-01-01,1,1\n"
        line = refusal(tmp_path, log, *LOG, "--type", "type")
        assert line.startswith(":3: ")
        assert f"{name} {reason}" in line or f"{reason} {name}" in line
        if name != "type":
            assert refusal(tmp_path, log, *SHOP).startswith(":3: ")


def test_ids_that_stand_in_no_row_follow_the_same_rule(tmp_path: Path) -> None:
    wide = f"at,who,p_{'a' * 255}\n2024-01,1,1\n"
    assert "--product: the name of a column" in refusal(tmp_path, wide, *BANK)
    row = "who,item,at\n1,a,2024-01-01\n"
    assert "--event-type is empty" in refusal(tmp_path, row, "invoices", *LOG[1:], "--event-type", " ")
    assert "--impute who= " in refusal(tmp_path, row, *VIEWS, "--impute", "who= ")
