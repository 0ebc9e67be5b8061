"""The parts that Step Functions hands out give the rows and the report of one process, with nothing but Python."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from broker.interactions import Rules

from history_jobs.code_archive import code_archive
from personalize_data.exports.settings import Conversion
from tests.history_jobs import folder_s3
from tests.history_jobs.made_up import exports, in_one_process, rows_of
from tests.personalize_data.conversions import INTERACTIONS, NOW

LIMIT = 100_000
PROGRAM = """
import importlib.util, json, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
assert not any(map(importlib.util.find_spec, ("orjson", "polars", "boto3")))
from folder_s3 import FolderS3
from history_jobs.map_function import MapTasks
from history_jobs.s3_storage import S3Storage

asked = json.load(sys.stdin)
storage = S3Storage(FolderS3(Path(asked["root"])), "rows", "run/")
tasks = MapTasks(storage, "s3://exports/2026/", asked["conversion"], asked["limit"])
print(json.dumps([tasks.run(event, asked["now"]) for event in asked["events"]]))
"""


class Failed(Exception):
    """A task has raised."""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return the function that runs tasks in a process of their own, which has the zip and no other package."""
    archive = tmp_path / "code.zip"
    archive.write_bytes(code_archive())
    conversion = Conversion(INTERACTIONS, Rules(), 0).as_json()  # `list` says what time it is

    def in_a_process(*events: dict[str, Any], now: float = NOW) -> list[dict[str, Any]]:
        asked = {"root": str(tmp_path), "conversion": conversion, "limit": LIMIT, "now": now, "events": events}
        command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(archive), str(Path(folder_s3.__file__).parent)]
        done = subprocess.run(  # noqa: S603 - see PROGRAM
            command, input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failed(done.stderr.splitlines()[-1])
        return list(json.loads(done.stdout))

    return in_a_process


def test_parts_in_several_processes_give_the_rows_and_the_report_of_one(tmp_path: Path, run: Any) -> None:
    (tmp_path / "exports").mkdir()
    folder = exports(tmp_path / "exports" / "2026")
    rows, expected = in_one_process(folder)

    ((listed,),) = [run({"task": "list"})]
    items = json.loads((tmp_path / "rows/run/parts.json").read_bytes())
    assert listed["parts"] == len(items) > 5
    done = [*run(*items[::2]), *run(*items[1::2]), *run(items[0])]  # the first one twice, as after a failure
    (total,) = run({"task": "add_up"})

    written = [path.read_bytes().decode() for path in (tmp_path / "rows/run/rows").iterdir()]
    assert rows_of(written) == rows
    assert sum(one["rows"] for one in done[:-1]) == total["rows"] == expected.rows
    report = json.loads((tmp_path / "rows/run/report.json").read_bytes())
    for name in ("rows", "users", "users_with_two", "first", "last", "skipped", "bad"):
        assert report[name] == expected.as_json()[name], name
    assert [note.replace("s3://exports/2026", str(folder)) for note in report["notes"]] == expected.notes
    lines = [(Path(example["file"]).name, example["line"], example["reason"]) for example in report["examples"]]
    assert lines == [(Path(one.file).name, one.line, one.reason) for one in expected.examples]


def test_a_repeat_leaves_what_is_done_and_takes_what_could_not_be_read(tmp_path: Path, run: Any) -> None:
    (tmp_path / "exports").mkdir()
    folder = exports(tmp_path / "exports" / "2026")
    run({"task": "list"})
    out = tmp_path / "rows/run"
    items = json.loads((out / "parts.json").read_bytes())
    last = folder / "5.jsonl"
    last.rename(tmp_path / "away")
    run(*items)
    before = written(out)
    (tmp_path / "away").rename(last)

    run({"task": "list"}, now=NOW + 60)
    assert json.loads((out / "parts.json").read_bytes()) == items
    (total,) = run(*items, {"task": "add_up"})[len(items) :]
    assert total["rows"] == in_one_process(folder)[1].rows
    changed = {name for name, when in written(out).items() if when != before[name]}
    names = [Path(item["part"]["location"]).name for item in items]
    unreadable = ("3.jsonl.gz", "4.parquet", "5.jsonl")
    assert changed == {f"part-{number:06}.csv" for number, name in enumerate(names) if name in unreadable}


@pytest.mark.parametrize("removed", [None, "conversion.json"])
def test_rows_of_other_exports_do_not_stay_beside_those_of_these(tmp_path: Path, run: Any, removed: str | None) -> None:
    (tmp_path / "exports").mkdir()
    folder = exports(tmp_path / "exports" / "2026")
    run({"task": "list"})
    out = tmp_path / "rows/run"
    items = json.loads((out / "parts.json").read_bytes())
    run(*items)
    if removed:  # it has expired before the rows
        (out / removed).unlink()
    (folder / "1.jsonl").unlink()

    with pytest.raises(Failed, match=r"BadFile: s3://rows/run/: it holds another conversion: name another folder, or"):
        run({"task": "list"})
    assert json.loads((out / "parts.json").read_bytes()) == items


def test_a_list_of_which_nothing_is_converted_is_made_anew(tmp_path: Path, run: Any) -> None:
    (tmp_path / "exports").mkdir()
    folder = exports(tmp_path / "exports" / "2026")
    (before,) = run({"task": "list"})
    (folder / "4.parquet").unlink()

    assert run({"task": "list"}) == [{"parts": before["parts"] - 1}]


def written(out: Path) -> dict[str, int]:
    """Return when each file of rows was written."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "rows").iterdir()}
