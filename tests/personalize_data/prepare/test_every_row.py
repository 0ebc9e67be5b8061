"""Over drawn tables: each row is an interaction, or counted with a reason, or the file is refused; in all formats."""

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.draws import draws
from tests.personalize_data.prepare.prepared import run
from tests.personalize_data.prepare.workbooks import write

NAMES = ("who", "item", "at", "kind", "n", "price", "ok", "note")
COLUMNS = ("--user", "who", "--item", "item", "--time", "at")
Row = tuple[str, ...]

IDS = st.sampled_from(
    [
        "a",
        "b",
        "17850",
        "17850.0",
        "x|y",
        "|",
        "a|",
        "POST",
        "broker-probe",
        "",
        " ",
        "null",
        "NaN",
        "5.04E+18",
        "é",
        "a\tb",
    ]
)
GOOD_IDS = st.sampled_from(["a", "b", "c", "17850"])
TIMES = st.sampled_from(["2024-01-01", "2024-01-02T10:00:00Z", "2024-01", "1700000000", "soon", ""])
GOOD_TIMES = st.sampled_from(["2024-01-01", "2024-01-02T10:00:00Z", "2024-01"])
NUMBERS = st.sampled_from(["1", "-1", "0", "2.5", "2,5", "1e400", "", "x"])
GOOD_NUMBERS = st.sampled_from(["1", "-1", "0", "2.5", ""])
KINDS, ANSWERS = st.sampled_from(["buy", "view", ""]), st.sampled_from(["yes", "no", ""])
NOTES = st.sampled_from(["", "", "fine", 'a "b", c', "two\nlines"])


def rows_of(good: bool) -> st.SearchStrategy[Row]:
    ids, times, numbers = (GOOD_IDS, GOOD_TIMES, GOOD_NUMBERS) if good else (IDS, TIMES, NUMBERS)
    return st.tuples(ids, st.one_of(ids, GOOD_IDS), times, KINDS, numbers, numbers, ANSWERS, NOTES)


ROWS = st.one_of(rows_of(good=True), st.just(("",) * len(NAMES)))
TABLES = st.one_of(st.lists(ROWS, max_size=12), st.lists(rows_of(good=False), max_size=5))


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    """Draw a form with options that go together."""
    form = draw(st.sampled_from(["events", "invoices"]))
    words = [form, *COLUMNS]
    if form == "events":
        words += draw(st.sampled_from([["--type", "kind", "--event-types", "buy"], ["--event-type", "view"]]))
        words += draw(st.sampled_from([[], ["--value", "n"], ["--split", "|"]]))
    else:
        words += draw(
            st.sampled_from([[], ["--quantity", "n"], ["--price", "price"], ["--quantity", "n", "--price", "price"]])
        )
    words += draw(st.sampled_from([[], ["--consent", "ok"]]))
    words += draw(st.sampled_from([[], ["--drop-item", "a"]]))
    used = {"--type": "kind", "--value": "n", "--quantity": "n"}
    columns = ["who", "item", "at", *(column for option, column in used.items() if option in words)]
    if draw(st.booleans()):
        words += [word for column in columns for word in ("--impute", f"{column}=drop")]
    return words


def as_csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([NAMES, *rows])
    return text.getvalue()


def outcome(command: Sequence[str], file: Path, out: Path) -> dict[str, Any] | None:
    """Return the summary, with the rows that were written; None where the file was refused in one line."""
    form, *words = command
    result = run(form, file, *words, "--out", out, "--json")
    if result.exit_code:
        assert (result.exit_code, result.stdout, out.exists()) == (2, "", False), result.output
        assert result.stderr.strip().splitlines()[-1].startswith("Error: ")
        return None
    summary: dict[str, Any] = json.loads(result.stdout)
    with (out / "interactions.csv").open(encoding="utf-8", newline="") as opened:
        summary["written"] = list(csv.DictReader(opened))
    return summary


@settings(max_examples=draws(all_of_them=1000, part=100), deadline=None)
@given(rows=TABLES, command=commands())
def test_no_row_is_lost_without_a_reason(rows: list[Row], command: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        file.write_text(as_csv(rows), encoding="utf-8")
        summary = outcome(command, file, Path(folder) / "out")
    event("refused" if summary is None else "written")
    if summary is None:
        return
    left_out = sum(summary["left_out"].values()) + sum(summary["fill"]["dropped"].values())
    assert summary["rows_read"] == len(rows)
    assert len(summary["written"]) == summary["interactions"]
    assert summary["rows_read"] + summary["rows_split"] == summary["interactions"] + left_out
    for row in summary["written"]:
        assert row["USER_ID"].lower() not in ("", "null", "nan", "broker-probe")
        assert row["ITEM_ID"].lower() not in ("", "null", "nan")


@settings(max_examples=draws(all_of_them=400, part=30), deadline=None)
@given(rows=TABLES, command=commands())
def test_a_table_gives_the_same_in_every_format(rows: list[Row], command: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objects = [dict(zip(NAMES, row, strict=True)) for row in rows]
        (folder / "table.csv").write_text(as_csv(rows), encoding="utf-8")
        (folder / "table.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in objects), encoding="utf-8")
        (folder / "table.json").write_text(json.dumps(objects), encoding="utf-8")
        pl.DataFrame(objects, schema=dict.fromkeys(NAMES, pl.String)).write_parquet(folder / "table.parquet")
        write(folder / "table.xlsx", {"Sheet1": [NAMES, *rows]})
        files = [folder / f"table.{suffix}" for suffix in ("csv", "jsonl", "json", "parquet", "xlsx")]
        outcomes = [outcome(command, file, folder / f"out{file.suffix}") for file in files]
    kept = [None if one is None else {key: one[key] for key in ("written", "left_out", "fill")} for one in outcomes]
    assert kept[1:] == [kept[0]] * 4


MONTHS = st.sampled_from(["2016-01", "2016-02", "2016-03"])
CUSTOMERS = st.sampled_from(["ann", "bob", "cat", "broker-probe", "null", ""])
HOLDINGS = st.tuples(CUSTOMERS, MONTHS, st.sampled_from("01"), st.sampled_from("01"), st.sampled_from(["north", ""]))
HOLDING_TABLES = st.lists(
    st.one_of(HOLDINGS, st.just(("", "", "", "", ""))),
    max_size=14,
    unique_by=lambda row: row[:2] if row[0] else object(),
)


@settings(max_examples=draws(all_of_them=500, part=50), deadline=None)
@given(rows=HOLDING_TABLES)
def test_every_holding_of_a_customer_is_an_interaction_and_other_rows_are_counted(rows: list[Row]) -> None:
    used = [row for row in rows if row[0] not in ("", "null", "broker-probe")]
    held = {(row[0], name, row[1]) for row in used for name, own in (("p_a", row[2]), ("p_b", row[3])) if own == "1"}
    command = ["ownership", "--user", "who", "--month", "month", "--product", "p_*", "--impute", "who=drop"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bank.csv"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("who", "month", "p_a", "p_b", "city"), *rows])
        file.write_text(text.getvalue(), encoding="utf-8")
        summary = outcome(command, file, Path(folder) / "out")
    if not held:
        assert summary is None
        return
    assert summary is not None
    written = {(row["USER_ID"], row["ITEM_ID"], month_of(row["TIMESTAMP"])) for row in summary["written"]}
    assert (written, summary["interactions"]) == (held, len(held))
    left_out = sum(summary["left_out"].values()) + sum(summary["fill"]["dropped"].values())
    assert (summary["rows_read"], left_out) == (len(rows), len(rows) - len(used))
    assert summary["users_without_interactions"] == len({row[0] for row in used}) - len({user for user, _, _ in held})


def month_of(moment: str) -> str:
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m}"
