"""`--split`: several products in one cell become a row each."""

from pathlib import Path

from tests.personalize_data.prepare.prepared import prepare, run, table, written

BANK = ("--user", "who", "--item", "bought", "--time", "month", "--event-type", "acquired", "--split", "|")
TABLE = """who,month,bought,city
a,2016-01,card|loan,north
a,2016-02,fund,south
b,2016-01,card| card ||,
c,2016-01,,
d,2016-01,loan|null,
"""


def test_each_product_is_a_row_with_the_rest_of_its_row(tmp_path: Path) -> None:
    file = table(tmp_path, TABLE)
    summary = prepare("events", file, *BANK, "--impute", "bought=drop", "--attribute", "city")
    owned = [(row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"]) for row in written(file, "interactions.csv")]
    january, february = "1451606400", "1454284800"
    assert owned == [
        ("a", "card", january),
        ("a", "loan", january),
        ("b", "card", january),
        ("d", "loan", january),
        ("a", "fund", february),
    ]
    assert {row["USER_ID"]: row["CITY"] for row in written(file, "users.csv")}["a"] == "south"
    assert (summary["rows_read"], summary["rows_split"]) == (5, 5)
    assert (summary["left_out"]["empty_parts"], summary["left_out"]["duplicates"]) == (2, 1)
    assert summary["fill"]["dropped"] == {"bought": 2}  # an empty cell, and the word null


def test_a_text_that_means_nothing_is_an_empty_part(tmp_path: Path) -> None:
    file = table(tmp_path, TABLE.replace("fund", "fund|none given"))
    summary = prepare("events", file, *BANK, "--impute", "bought=drop", "--null-value", "none given")
    assert summary["left_out"]["empty_parts"] == 3


def test_without_the_option_a_list_is_one_product_and_ownership_names_it(tmp_path: Path) -> None:
    file = table(tmp_path, TABLE)
    columns = ("--user", "who", "--month", "month", "--product", "bought")
    message = run("ownership", file, *columns, "--dry-run").stderr
    assert "bought is 'card|loan', neither 0 nor 1" in message
    assert "./broker prepare events --split '|' reads cells with the products' names" in message
    notes = prepare("events", file, *BANK[:-2], "--impute", "bought=drop")["notes"]
    assert [note for note in notes if note.startswith("bought has a | in 3 rows, the first 'card|loan' in line 2: if")]


def test_amounts_of_several_products_are_wrong_use(tmp_path: Path) -> None:
    file = table(tmp_path, TABLE)
    for form, option in (("events", "--value"), ("invoices", "--price"), ("invoices", "--quantity")):
        arguments = (*BANK[:6], "--split", "|", option, "city", "--event-type", "x", "--dry-run")
        assert f"--split goes without {option}: a row's amount belongs to none" in run(form, file, *arguments).stderr
    assert "--split is empty" in run("events", file, *BANK[:-1], "", "--dry-run").stderr
