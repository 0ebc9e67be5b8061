"""What is no product: postage and fees, left out by name and counted, and returns that nobody has named."""

from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

SHOP = """who,code,at,n,price
1,85123A,2011-03-01,6,2.55
1,POST,2011-03-01,1,18
2,BANK CHARGES,2011-03-02,1,15
2,85123A,2011-03-02,-6,2.55
2,POSTCARD,2011-03-02,2,1
3,,2011-03-03,1,1
3,71053,2011-03-03,3,1
"""
COLUMNS = ("--user", "who", "--item", "code", "--time", "at", "--impute", "code=drop")
FEES = ("--drop-item", "POST", "--drop-item", "BANK*")
BANK = "month,customer,p_card,p_loan,p_fee\n2016-01,ann,1,0,1\n2016-02,ann,1,1,1\n"
OWNED = ("--user", "customer", "--month", "month", "--product", "p_*")


def test_a_dropped_item_is_left_out_by_its_whole_id_and_counted(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    summary = prepare("invoices", file, *COLUMNS, *FEES, "--quantity", "n", "--item-attribute", "price")
    bought = {row["ITEM_ID"] for row in written(file, "interactions.csv")}
    assert bought == {row["ITEM_ID"] for row in written(file, "items.csv")} == {"85123A", "POSTCARD", "71053"}
    assert summary["left_out"] == {
        "blank_rows": 0, "broker_probe": 0, "dropped_items": 2, "other_types": 0, "returns": 1, "duplicates": 0
    }  # fmt: skip
    assert (summary["items_dropped"], summary["fill"]["dropped"]) == (2, {"code": 1})
    shown = run("invoices", file, *COLUMNS, *FEES, "--quantity", "n", "--dry-run").stdout
    assert "left out: rows of 2 dropped items" in shown


def test_events_drop_items_alike(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    summary = prepare("events", file, *COLUMNS, "--event-type", "buy", "--drop-item", "POST*")
    assert summary["left_out"]["dropped_items"] == 2
    assert {row["ITEM_ID"] for row in written(file, "interactions.csv")} == {"85123A", "BANK CHARGES", "71053"}


def test_patterns_that_match_nothing_are_refused_in_one_line(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    result = run("invoices", file, *COLUMNS, *FEES, "--drop-item", "pots", "--drop-item", "X*", "--dry-run")
    assert result.exit_code == 2
    assert f"Error: --drop-item 'pots', 'X*': {file} has no such item in code" in result.stderr.splitlines()


def test_dropping_everything_says_so(tmp_path: Path) -> None:
    result = run("invoices", table(tmp_path, SHOP), *COLUMNS, "--drop-item", "*", "--dry-run")
    assert result.exit_code == 2
    assert "no row is left (6 dropped items)" in result.stderr


def test_a_product_of_an_ownership_table_is_dropped_as_a_column(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    prepare("ownership", file, *OWNED, "--drop-item", "p_f*")
    assert {row["ITEM_ID"] for row in written(file, "interactions.csv")} == {"p_card", "p_loan"}
    for pattern, reason in (("fee", "--product chooses none of that name"), ("p_*", "drops all 3 products")):
        refused = run("ownership", file, *OWNED, "--drop-item", pattern, "--dry-run")
        assert (refused.exit_code, reason in refused.stderr) == (2, True)


@pytest.mark.parametrize(("more", "noted"), [((), True), (("--metadata", "n"), True), (("--quantity", "n"), False)])
def test_returns_that_count_as_purchases_are_worth_a_note(tmp_path: Path, more: tuple[str, ...], noted: bool) -> None:
    summary = prepare("invoices", table(tmp_path, SHOP), *COLUMNS, *more)
    note = (
        "n has 1 negative values, and all of them count as purchase: if they are returns, --quantity n leaves them out"
    )
    assert (note in summary["notes"]) is noted


def test_a_log_of_events_has_no_returns_to_be_noted(tmp_path: Path) -> None:
    summary = prepare("events", table(tmp_path, SHOP), *COLUMNS, "--event-type", "buy")
    assert not [note for note in summary["notes"] if "--quantity" in note]


@pytest.mark.parametrize("numbers", ["1,2,3", "0.5,-1.5,2.5", "-1,-2,3", "1,x,-1"])
def test_what_is_no_quantity_gets_no_note(tmp_path: Path, numbers: str) -> None:
    rows = "".join(f"{place},a,2011-03-01,{number}\n" for place, number in enumerate(numbers.split(",")))
    summary = prepare("invoices", table(tmp_path, "who,code,at,n\n" + rows), *COLUMNS)
    assert not [note for note in summary["notes"] if "--quantity" in note]


def test_interactions_that_differ_in_value_alone_are_told_as_evaluate_counts_them_once(tmp_path: Path) -> None:
    rows = "1,a,2011-03-01,2\n1,a,2011-03-01,2\n1,a,2011-03-01,3\n1,b,2011-03-01,3\n"
    summary = prepare("invoices", table(tmp_path, "who,code,at,price\n" + rows), *COLUMNS, "--price", "price")
    assert (summary["interactions"], summary["left_out"]["duplicates"]) == (3, 1)
    assert [note for note in summary["notes"] if note.startswith("1 interactions differ from another in EVENT_VALUE")]
