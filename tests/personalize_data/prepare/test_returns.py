"""Returns: a quantity of zero or less, or a price below zero; and values below zero that only look like returns."""

import json
from pathlib import Path

from tests.personalize_data.prepare.prepared import prepare, run, table, written

COLUMNS = ("--user", "who", "--item", "code", "--time", "at")
SHOP = """who,code,at,n,price
a,x,2024-01-01T10:00:00,2,1.5
a,B,2024-01-02T10:00:00,1,-11062.06
a,y,2024-01-03T10:00:00,-1,-3
a,z,2024-01-04T10:00:00,0,3
a,w,2024-01-05T10:00:00,1,0
a,v,2024-01-06T10:00:00,1,
"""


def values(file: Path) -> dict[str, str]:
    return {row["ITEM_ID"]: row["EVENT_VALUE"] for row in written(file, "interactions.csv")}


def test_a_price_below_zero_is_a_return_as_a_quantity_is(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    summary = prepare("invoices", file, *COLUMNS, "--quantity", "n", "--price", "price")
    assert (values(file), summary["left_out"]["returns"]) == ({"x": "3.0", "w": "0.0", "v": ""}, 3)


def test_a_price_below_zero_is_a_return_without_a_quantity_too(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    summary = prepare("invoices", file, *COLUMNS, "--price", "price")
    assert (set(values(file)), summary["left_out"]["returns"]) == ({"x", "z", "w", "v"}, 2)


def test_a_price_that_is_no_number_is_refused_though_it_begins_with_a_minus(tmp_path: Path) -> None:
    for price in ("-inf", "-1e400", "-x"):
        file = table(tmp_path, SHOP.replace("-11062.06", price))
        result = run("invoices", file, *COLUMNS, "--quantity", "n", "--price", "price", "--dry-run")
        assert (result.exit_code, f"{file}:3: price is '{price}'" in result.stderr) == (2, True), result.stderr


def test_event_values_below_zero_are_noted_with_the_first_line(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    result = run("events", file, *COLUMNS, "--event-type", "buy", "--value", "price", "--dry-run", "--json")
    assert json.loads(result.stdout)["notes"][0] == (
        "price is below zero in 2 rows, the first in line 3, and all of them count as buy: leave them out of the table "
        "if they are returns"
    )


def test_a_value_beyond_32_bits_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP.replace("1.5", "1e39"))
    for arguments in (("--value", "price"), ("--value", "price", "--impute", "price=median")):
        result = run("events", file, *COLUMNS, "--event-type", "buy", *arguments, "--dry-run")
        assert (result.exit_code, f"{file}:2: price is too large" in result.stderr) == (2, True), result.stderr
