"""Lines of invoices and events as interactions."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from personalize_data.schema import read_schema
from tests.personalize_data.prepare.prepared import prepare, run, table, written

SHOP = """invoice;when;who;code;name;pieces;price
1;2011-03-01 10:00:00;17850;85123A;HOLDER;6;2.55
1;2011-03-01 10:00:00;17850;71053;LANTERN;2;3
1;2011-03-01 10:00:00;17850;71053;LANTERN;2;3

C2;2011-03-02 09:00:00;17850;85123A;HOLDER;-6;2.55
3;2011-03-03 12:30:00;;71053;LANTERN;1;3
4;2011-03-04 08:00:00;13047;71053;"LAMP;
OLD";1;3
"""
COLUMNS = ("--user", "who", "--item", "code", "--time", "when")


def test_the_brokers_own_probe_is_left_out_and_counted(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP + "5;2011-03-04 08:00:00;broker-probe;71053;LANTERN;1;3\n")
    summary = prepare("invoices", file, *COLUMNS, "--impute", "who=drop")
    assert "broker-probe" not in {row["USER_ID"] for row in written(file, "interactions.csv")}
    assert summary["left_out"]["broker_probe"] == 1


def test_invoice_lines_without_returns_duplicates_and_nobodys(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    summary = prepare(
        "invoices", file, *COLUMNS, "--quantity", "pieces", "--price", "price", "--impute", "who=drop",
        "--item-attribute", "name",
    )  # fmt: skip
    assert [tuple(row.values()) for row in written(file, "interactions.csv")] == [
        ("17850", "71053", "purchase", "1298973600", "6.0"),
        ("17850", "85123A", "purchase", "1298973600", "15.3"),
        ("13047", "71053", "purchase", "1299225600", "3.0"),
    ]
    assert summary["left_out"] == {
        "blank_rows": 1, "broker_probe": 0, "dropped_items": 0, "other_types": 0, "returns": 1, "duplicates": 1
    }  # fmt: skip
    assert summary["fill"]["dropped"] == {"who": 1}
    assert {row["ITEM_ID"]: row["NAME"] for row in written(file, "items.csv")} == {
        "71053": "LAMP;\nOLD",
        "85123A": "HOLDER",
    }
    read_schema((tmp_path / "out" / "interactions.avsc").read_text(), "interactions")


LOG = """user,item,at,action,device
1,a,1700000000123,view,phone
1,b,1700000001000,buy,phone
2,a,1700000002000,scroll,tablet
"""


def test_events_keep_the_types_and_metadata_that_are_wanted_with_times_in_seconds(tmp_path: Path) -> None:
    file = tmp_path / "log.csv.gz"
    file.write_bytes(gzip.compress(LOG.encode()))
    summary = prepare(
        "events", file, "--user", "user", "--item", "item", "--time", "at", "--type", "action", "--event-types", "view",
        "--event-types", "buy", "--metadata", "device",
    )  # fmt: skip
    assert [tuple(row.values()) for row in written(file, "interactions.csv")] == [
        ("1", "a", "view", "1700000000", "phone"),
        ("1", "b", "buy", "1700000001", "phone"),
    ]
    assert summary["left_out"]["other_types"] == 1


def test_parquet_with_ids_that_a_program_took_for_fractions(tmp_path: Path) -> None:
    file = tmp_path / "shop.parquet"
    frame = pl.DataFrame({"who": [17850.0, 13047.0], "code": ["a", "b"], "when": [1700000000, 1700000060]})
    frame.write_parquet(file)
    prepare("events", file, *COLUMNS, "--event-type", "view")
    assert {row["USER_ID"] for row in written(file, "interactions.csv")} == {"17850", "13047"}


@pytest.mark.parametrize(
    ("form", "when", "seconds"),
    [
        ("%d/%m/%Y %H:%M", "03/02/2011 10:30", "1296729000"),
        ("%d.%m.%Y", "03.02.2011", "1296691200"),
        ("%d.%m.%Y", "03.02.1997", "854928000"),
    ],
)
def test_times_of_any_form_that_is_stated(tmp_path: Path, form: str, when: str, seconds: str) -> None:
    file = table(tmp_path, f"who,code,when\n1,a,{when}\n")
    prepare("events", file, *COLUMNS, "--event-type", "view", "--time-format", form)
    assert [row["TIMESTAMP"] for row in written(file, "interactions.csv")] == [seconds]


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    file = table(tmp_path, LOG)
    result = run("events", file, "--user", "user", "--item", "item", "--time", "at", "--event-type", "x", "--dry-run")
    assert result.exit_code == 0
    assert "nothing written" in result.stdout
    assert list(tmp_path.iterdir()) == [file]


def test_the_files_and_the_next_command_are_said(tmp_path: Path) -> None:
    file = table(tmp_path, SHOP)
    out = tmp_path / "out"
    shown = run("invoices", file, *COLUMNS, "--impute", "who=drop", "--item-attribute", "name", "--out", out).stdout
    assert shown.splitlines()[-2:] == [
        "wrote interactions.csv, interactions.avsc, items.csv, items.avsc",
        f"next: ./broker evaluate {out}/interactions.csv --items {out}/items.csv",
    ]
    assert {path.name for path in out.iterdir()} == set(shown.splitlines()[-2].removeprefix("wrote ").split(", "))
