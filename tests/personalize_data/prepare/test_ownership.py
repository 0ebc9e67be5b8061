"""A wide table of ownership, month by month, as interactions: states, or what changed."""

from pathlib import Path

from personalize_data.schema import read_schema
from tests.personalize_data.prepare.prepared import Row, prepare, run, table, written

BANK = """month,customer,p_card,p_loan,p_fund,age,region
2016-02-28,ann,1,1,0,31,
2016-01-28,ann,1,0,0,30,north
2016-03-28,ann,0,1,1,31,south
2016-01-28,bob,0,0,0,,north
2016-02-28,bob,1,0,0,,north
2016-03-28,bob,1,0,0,,
2016-03-28,cat,0,1,0,50,south
"""
COLUMNS = ("--user", "customer", "--month", "month", "--product", "p_*")
JANUARY, FEBRUARY, MARCH = "1453939200", "1456617600", "1459123200"


def interactions_of(rows: list[Row]) -> set[tuple[str, ...]]:
    return {tuple(row[name] for name in ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP")) for row in rows}


def test_states_are_an_interaction_for_each_month_in_which_a_product_is_owned(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    summary = prepare("ownership", file, *COLUMNS)
    owned = interactions_of(written(file, "interactions.csv"))
    assert owned == {
        ("ann", "p_card", "owned", JANUARY),
        ("ann", "p_card", "owned", FEBRUARY),
        ("ann", "p_loan", "owned", FEBRUARY),
        ("ann", "p_loan", "owned", MARCH),
        ("ann", "p_fund", "owned", MARCH),
        ("bob", "p_card", "owned", FEBRUARY),
        ("bob", "p_card", "owned", MARCH),
        ("cat", "p_loan", "owned", MARCH),
    }
    assert (summary["interactions"], summary["months"], summary["products_lost"]) == (8, 3, 1)


def test_changes_are_what_was_not_there_the_month_before_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    summary = prepare("ownership", file, *COLUMNS, "--changes")
    assert interactions_of(written(file, "interactions.csv")) == {
        ("ann", "p_loan", "acquired", FEBRUARY),
        ("ann", "p_fund", "acquired", MARCH),
        ("bob", "p_card", "acquired", FEBRUARY),
    }
    assert summary["owned_in_first_month"] == 2


def test_holdings_tell_what_was_owned_in_the_first_month_and_nothing_else(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    prepare("ownership", file, *COLUMNS, "--changes", "--initial-holdings")
    owned = {row for row in interactions_of(written(file, "interactions.csv")) if row[2] == "owned"}
    assert owned == {("ann", "p_card", "owned", JANUARY), ("cat", "p_loan", "owned", MARCH)}


GAP = """month,customer,p_card,p_loan
2016-01,ann,1,0
2016-04,ann,1,1
2016-05,ann,0,1
2016-06,ann,1,1
"""


def test_a_missing_month_stops_it_until_an_option_says_what_it_means(tmp_path: Path) -> None:
    file = table(tmp_path, GAP)
    refused = run("ownership", file, *COLUMNS, "--changes", "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert f"{file}:3: customer ann has 2016-04 after 2016-01 and nothing between" in refused.stderr
    assert not (tmp_path / "out").exists()
    bridged = prepare("ownership", file, *COLUMNS, "--changes", "--gaps", "bridge")
    assert bridged["gaps"] == 1
    assert {row[1] for row in interactions_of(written(file, "interactions.csv"))} == {"p_loan", "p_card"}


def test_after_a_gap_that_breaks_the_customer_begins_again(tmp_path: Path) -> None:
    file = table(tmp_path, GAP)
    prepare("ownership", file, *COLUMNS, "--changes", "--gaps", "break")
    assert {row[1:] for row in interactions_of(written(file, "interactions.csv"))} == {
        ("p_card", "acquired", "1464739200")
    }


def test_users_have_the_attributes_of_their_newest_month_filled_by_rule_and_counted(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    rules = ("--impute", "age=median", "--impute", "region=mode")
    summary = prepare("ownership", file, *COLUMNS, "--attribute", "age", "--attribute", "PLACE=region", *rules)
    assert written(file, "users.csv") == [
        {"USER_ID": "ann", "AGE": "31", "PLACE": "south"},
        {"USER_ID": "bob", "AGE": "31", "PLACE": "south"},
        {"USER_ID": "cat", "AGE": "50", "PLACE": "south"},
    ]
    assert summary["fill"]["filled"] == {"age": 1, "region": 1}
    schema = read_schema((tmp_path / "out" / "users.avsc").read_text(), "users")
    assert [(column.name, column.kind, column.nullable) for column in schema.columns] == [
        ("USER_ID", "string", False),
        ("AGE", "long", False),
        ("PLACE", "string", False),
    ]


def test_what_is_missing_without_a_rule_stays_empty_and_may_be_so_by_the_schema(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    summary = prepare("ownership", file, *COLUMNS, "--attribute", "age")
    assert [row["AGE"] for row in written(file, "users.csv")] == ["31", "", "50"]
    assert summary["columns"]["users"]["AGE"] == "long or nothing"


def test_who_lacks_an_attribute_that_drops_is_no_user_but_keeps_the_interactions(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    summary = prepare("ownership", file, *COLUMNS, "--attribute", "age", "--impute", "age=drop")
    assert [row["USER_ID"] for row in written(file, "users.csv")] == ["ann", "cat"]
    assert summary["fill"]["dropped"] == {"age": 1}
    assert summary["users"] == 3


def test_digits_can_be_words(tmp_path: Path) -> None:
    file = table(tmp_path, BANK)
    summary = prepare("ownership", file, *COLUMNS, "--attribute", "age", "--categorical", "age")
    assert summary["columns"]["users"]["AGE"] == "string or nothing"


def test_the_median_is_the_middle_one_and_the_lower_of_two(tmp_path: Path) -> None:
    for ages, middle in (("7 9 30", "9"), ("7 9 30 80", "9")):
        folder = tmp_path / ages.replace(" ", "-")
        folder.mkdir()
        rows = [f"2016-01,c{place},1,{age}" for place, age in enumerate([*ages.split(), ""])]
        file = table(folder, "\n".join(["month,customer,p_a,age", *rows, ""]))
        prepare("ownership", file, *COLUMNS, "--attribute", "age", "--impute", "age=median")
        assert written(file, "users.csv")[-1]["AGE"] == middle


def test_customers_who_own_or_acquire_nothing_are_said(tmp_path: Path) -> None:
    for folder in (states := tmp_path / "states", changes := tmp_path / "changes"):
        folder.mkdir()
    text = BANK + "2016-01-28,dan,0,0,0,40,\n"
    summary = prepare("ownership", table(states, text), *COLUMNS, "--attribute", "age")
    assert (summary["users"], summary["users_without_interactions"], summary["rows"]["users"]) == (3, 1, 4)
    assert "1 of 4 customers have no product in any month: they are not in interactions.csv" in summary["notes"]
    summary = prepare("ownership", table(changes, text), *COLUMNS, "--changes")
    assert "2 of 4 customers acquired no product: they are not in interactions.csv" in summary["notes"]


def test_rows_of_the_brokers_probe_and_empty_ones_are_left_out_and_counted(tmp_path: Path) -> None:
    file = table(tmp_path, BANK + ",,,,,,\n2016-01-28,broker-probe,1,0,0,,\n")
    summary = prepare("ownership", file, *COLUMNS)
    assert "broker-probe" not in {row["USER_ID"] for row in written(file, "interactions.csv")}
    assert (summary["rows_read"], summary["left_out"]) == (9, {"blank_rows": 1, "broker_probe": 1, "duplicates": 0})


def test_a_column_that_is_not_there_is_named_with_what_ownership_needs(tmp_path: Path) -> None:
    file = table(tmp_path, "customer,p_card\nann,1\n")
    message = run("ownership", file, *COLUMNS, "--dry-run").stderr
    assert (
        f"--month month: {file} has no such column; it has customer, p_card. A row is a customer in a month" in message
    )
