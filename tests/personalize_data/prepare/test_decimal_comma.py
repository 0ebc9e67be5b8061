"""`--decimal ,`: numbers with a comma, and points between thousands."""

from pathlib import Path

import polars as pl
import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

SHOP = ("invoices", "--user", "wer", "--item", "was", "--time", "am", "--price", "preis", "--decimal", ",")
HEADER = "wer;was;am;n;preis;laenge;groesse\n"
ROW = "{user};a;2024-01-01T10:00:00;{n};{price};{length};{size}\n"


def shop(folder: Path, *prices: str, n: str = "1", length: str = "1,5", size: str = "XL") -> Path:
    rows = (
        ROW.format(user=f"u{place}", n=n, price=price, length=length, size=size) for place, price in enumerate(prices)
    )
    return table(folder, HEADER + "".join(rows))


def refusal(file: Path, *arguments: str) -> str:
    """Return the message that refuses a table, from after its path."""
    form, *rest = SHOP
    result = run(form, file, *rest, *arguments, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix(f"Error: {file}")


def test_prices_and_quantities_are_read(tmp_path: Path) -> None:
    file = shop(tmp_path, "2,50", "1.234,50", "-3,00", "7", "1.234", "1 234,5", n="1.000,5")
    summary = prepare(SHOP[0], file, *SHOP[1:], "--quantity", "n")
    values = [float(row["EVENT_VALUE"]) / 1000.5 for row in written(file, "interactions.csv")]
    assert values == pytest.approx([2.5, 1234.5, 7, 1234, 1234.5])
    assert summary["left_out"]["returns"] == 1


@pytest.mark.parametrize("number", ["2.5", "1,234.50", "1.23", "1,2,3", "x", "nan"])
def test_what_is_no_number_with_a_comma_is_refused(tmp_path: Path, number: str) -> None:
    file = shop(tmp_path, "2,50", number)
    assert refusal(file).startswith(f":3: preis is '{number}', which is no number with a decimal comma")


def test_metadata_and_attributes_are_numbers_too_and_words_stay(tmp_path: Path) -> None:
    file = shop(tmp_path, "2,50")
    summary = prepare(
        SHOP[0], file, *SHOP[1:], "--metadata", "laenge", "--attribute", "groesse", "--attribute", "preis"
    )
    (row,), (user,) = written(file, "interactions.csv"), written(file, "users.csv")
    assert (row["LAENGE"], user["PREIS"], user["GROESSE"]) == ("1.5", "2.50", "XL")
    columns = summary["columns"]
    assert (columns["interactions"]["LAENGE"], columns["users"]["GROESSE"]) == ("double", "string")


def test_an_attribute_with_a_number_of_the_other_form_is_refused_or_words(tmp_path: Path) -> None:
    file = shop(tmp_path, "2,50", length="1.5")
    assert refusal(file, "--attribute", "laenge").startswith(":2: laenge is '1.5', which is no number with a decimal")
    summary = prepare(SHOP[0], file, *SHOP[1:], "--attribute", "laenge", "--categorical", "laenge")
    assert (summary["columns"]["users"]["LAENGE"], written(file, "users.csv")[0]["LAENGE"]) == ("string", "1.5")


def test_a_word_among_numbers_with_a_comma_is_refused(tmp_path: Path) -> None:
    file = shop(tmp_path, *(["2,50"] * 19), "?")
    assert refusal(file, "--attribute", "preis").startswith(":21: preis is '?', which is no number")


def test_a_median_is_one_of_numbers_with_a_comma(tmp_path: Path) -> None:
    file = shop(tmp_path, "2,50", "", "10,00", "3,00")
    prepare(SHOP[0], file, *SHOP[1:], "--impute", "preis=median")
    assert [row["EVENT_VALUE"] for row in written(file, "interactions.csv")] == ["2.5", "3.0", "10.0", "3.0"]


def test_codes_of_digits_stay_as_they_are(tmp_path: Path) -> None:
    file = shop(tmp_path, "2,50", size="01.234")
    summary = prepare(SHOP[0], file, *SHOP[1:], "--attribute", "groesse")
    assert (summary["columns"]["users"]["GROESSE"], written(file, "users.csv")[0]["GROESSE"]) == ("string", "01.234")


def test_numbers_of_parquet_have_no_mark_and_its_text_has(tmp_path: Path) -> None:
    file = tmp_path / "shop.parquet"
    frame = {"wer": ["a"], "was": ["x"], "am": [1700000000], "n": [1.5], "preis": ["1.234,50"]}
    pl.DataFrame(frame).write_parquet(file)
    prepare(SHOP[0], file, *SHOP[1:], "--quantity", "n")
    assert [row["EVENT_VALUE"] for row in written(file, "interactions.csv")] == ["1851.75"]


def test_without_the_option_its_name_is_said(tmp_path: Path) -> None:
    form, *rest = SHOP[:-2]
    result = run(form, shop(tmp_path, "2,50"), *rest, "--dry-run")
    assert "preis is '2,50', which is no number: --decimal , reads a decimal comma" in result.stderr
