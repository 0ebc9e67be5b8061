"""JSON Lines and JSON arrays of flat objects, and JSON that is something else."""

import gzip
import json
from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
ROWS = [
    {"who": -5045766802590845105, "item": "a", "at": 1700000000000, "n": 2.50, "ok": True},
    {"item": 9007199254740993, "who": "ann", "at": 1700000001000, "note": None},
]


def refusal(folder: Path, text: str, *arguments: str) -> str:
    """Return the message that refuses a file, from after its path."""
    file = folder / "log.json"
    file.write_text(text, encoding="utf-8")
    result = run("events", file, *LOG, *arguments, "--dry-run")
    assert result.exit_code == 2, result.output
    return (
        result.stderr.strip().splitlines()[-1].removeprefix("Error: ").replace(f"{file}: ", "").replace(str(file), "")
    )


FORMS = {
    "lines": "\ufeff" + "\n".join(map(json.dumps, ROWS)) + "\n",
    "lines with an empty one": "\n\n".join(map(json.dumps, ROWS)),
    "array": json.dumps(ROWS),
    "array over lines": json.dumps(ROWS, indent=2),
}


@pytest.mark.parametrize("form", FORMS)
def test_flat_objects_are_rows_with_exact_numbers(tmp_path: Path, form: str) -> None:
    file = tmp_path / "log.txt"
    file.write_text(FORMS[form], encoding="utf-8")
    summary = prepare("events", file, *LOG, "--value", "n", "--attribute", "ok")
    assert [tuple(row.values()) for row in written(file, "interactions.csv")] == [
        ("-5045766802590845105", "a", "view", "1700000000", "2.5"),
        ("ann", "9007199254740993", "view", "1700000001", ""),
    ]
    assert {row["USER_ID"]: row["OK"] for row in written(file, "users.csv")} == {
        "-5045766802590845105": "true",
        "ann": "",
    }
    assert summary["rows_read"] == 2


def test_a_packed_file_is_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl.gz"
    file.write_bytes(gzip.compress(FORMS["lines"].encode()))
    assert prepare("events", file, *LOG)["interactions"] == 2


def test_an_array_is_read_in_parts_that_cut_objects_in_two(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    rows = [
        {"who": f"u{place}", "item": "é" * 200, "note": "ß" * 100, "at": 1700000000 + place} for place in range(4000)
    ]
    file.write_text(json.dumps(rows, ensure_ascii=False))
    assert file.stat().st_size > 2 << 20
    assert prepare("events", file, *LOG)["users"] == 4000


ROW = '{"who": 1, "item": "a", "at": 1700000000}'
BROKEN = {
    "a rounded id": (f"{ROW}\n{ROW.replace('1,', '5.04E+18,', 1)}", ":2: who is '5.04E+18', which a spreadsheet has"),
    "cut off": (f'{ROW}\n{{"who": 1, ', ":2: it is not JSON: "),
    "a name twice": (f'{ROW}\n{{"who": 1, "who": 2}}', ":2: it has 'who' twice"),
    "no object": (f"{ROW}\n[1]", ":2: it is no object"),
    "an array that ends too early": (f"[{ROW},", "object 2: it is not JSON"),
    "an array with a gap": (f"[{ROW} {ROW}]", "object 2: a comma or the array's end is missing"),
    "more after an array": (f"[{ROW}] 1", "something stands after the JSON array"),
    "numbers": ("[1, 2]", "object 1: it is no object"),
    "an empty array": ("[]", " has no rows"),
    "NaN as an id": (f"{ROW}\n{ROW.replace('1,', 'NaN,', 1)}", ":2: who is 'NaN', which stands for nothing"),
    "a missing value": (f'{ROW}\n{{"item": "a"}}', ":2: nothing in who"),
    "in an array": (f'[{ROW},\n{{"item": "a"}}]', "object 2: nothing in who"),
    "over several lines": ('{\n"who": 1\n}', "this is JSON: write one object per line, and give it to"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_row_is_named_with_its_place(tmp_path: Path, case: str) -> None:
    text, reason = BROKEN[case]
    assert refusal(tmp_path, text).startswith(reason)


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    for text, place in ((f"{ROW}\n{ROW.replace('a', 'é')}", ":2"), (f"[{ROW.replace('a', 'é')}]", "")):
        file = tmp_path / "log.json"
        file.write_bytes(text.encode("latin-1"))
        result = run("events", file, *LOG, "--dry-run")
        assert (result.exit_code, f"{file}{place}: not UTF-8" in result.stderr) == (2, True), result.stderr


def test_nested_values_stand_in_nobodys_way_and_are_named_where_they_are_wanted(tmp_path: Path) -> None:
    nested = f'{ROW}\n{{"who": 2, "item": "a", "at": 1700000000, "tags": ["x"]}}\n'
    file = tmp_path / "log.jsonl"
    file.write_text(nested)
    assert prepare("events", file, *LOG)["interactions"] == 2
    assert "--metadata tags: this column of  holds a list or an object in line 2" in refusal(
        tmp_path, nested, "--metadata", "tags"
    )


def test_sessions_with_their_events_in_a_list_are_named_in_one_short_line(tmp_path: Path) -> None:
    session = json.dumps({"session": 1, "events": [{"aid": 1, "ts": 1659304800025, "type": "clicks"}] * 500})
    message = refusal(tmp_path, session)
    assert message == (
        "--user who:  has no such column; it has session; not read, since they hold lists or objects: events"
    )


BATCH = {"mpid": 1, "environment": "production", "events": [{"event_type": "commerce_event", "data": {}}]}


@pytest.mark.parametrize(
    "text",
    [json.dumps(BATCH), json.dumps(BATCH, indent=2), json.dumps([BATCH]), json.dumps(BATCH) * 2,
     json.dumps(BATCH | {"events": None}), f"{ROW}\n{json.dumps(BATCH)}"],
    ids=["a line", "over lines", "an array", "joined", "without events", "after a row"],
)  # fmt: skip
def test_batches_of_mparticle_are_sent_to_backfill(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text) == "this is mParticle's batches: ./broker backfill reads them"
