"""The parts of files have each line once, and give the rows and the report of the whole files."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

import pytest

from bench.exports import lines as export_lines
from bench.exports import traps
from personalize_data.conversion import Plan, Source, convert
from personalize_data.errors import BadFile
from personalize_data.exports import processes
from personalize_data.exports.part import Part, lines, parts_of_file
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.exports.work_folder import WorkFolder
from personalize_data.files import Moved
from personalize_data.import_summary import Example, ImportSummary
from tests.personalize_data.conversions import INTERACTIONS, NOW, converted, sources
from tests.real_data import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Files with every trap, among them a packed one, one that is cut off, one that is no export and an empty one."""
    every_trap = b"\n".join([*islice(export_lines(1), 50), *traps(), *islice(export_lines(2), 50)])
    packed = gzip.compress(b"\n".join(islice(export_lines(3), 300)))
    files = sources(tmp_path_factory.mktemp("exports"), every_trap, packed, packed[:-2_000], b"PAR1\x00\x00", b"")
    return Plan("interactions", files, INTERACTIONS)


def in_small_parts(
    parts: Sequence[Part], conversion: Conversion, out: TextIO, moved: Moved, *, limit: int, folder: WorkFolder
) -> Iterator[tuple[Part, Report]]:
    """Convert parts of ``limit`` bytes at most by two processes."""
    files = [(part.name, Path(part.location)) for part in parts]
    small = [part for name, path in files for part in parts_of_file(name, path, limit)]
    return processes.converted(small, conversion, out, moved, folder=folder, processes=2)


@pytest.mark.parametrize("limit", [1, 1_000, 10_007, 10**9])
def test_each_line_of_a_file_is_in_one_part(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "export"
    path.write_bytes(b'{"events": []}\n{"a": 1}\r\n' + b"\n".join([b"x" * 5_000, b"", b"y" * 3, b"z" * 999, b"end"]))
    parts = parts_of_file("export", path, limit)

    assert [line for part in parts for _, line in lines(part, path)] == path.read_bytes().splitlines(keepends=True)
    assert len(parts) == max(1, -(-path.stat().st_size // limit))


def test_a_document_over_several_lines_is_not_split(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_text(json.dumps({"events": []}, indent=1))

    assert len(parts_of_file("document", path, 3)) == 1


def test_several_processes_give_the_rows_and_the_report_of_one(tmp_path: Path, exports: Plan) -> None:
    rows, _, expected = converted(exports)

    assert in_two_processes(exports, tmp_path, tmp_path / "work") == (rows, expected)
    assert expected.bad["unreadable_file"] == 2
    assert re.fullmatch(r"unreadable_file: file-3:\d+: the compressed file is cut off", expected.notes[0])
    assert expected.notes[1].startswith("unreadable_file: file-4: this is a Parquet file")


def test_reports_come_back_from_json_as_they_were(exports: Plan) -> None:
    _, _, summary = converted(exports)
    assert summary.examples[0].line > 1  # the first part is not the whole

    total = Report()
    total.skipped["no_time"] += 2
    assert Report.from_json(json.loads(json.dumps(total.as_json()))) == total


def test_a_command_that_was_killed_goes_on_and_gives_the_same_rows(tmp_path: Path) -> None:
    path, work = tmp_path / "export", tmp_path / "work"
    path.write_bytes(b"\n".join(islice(export_lines(4), 2_000)))
    plan = Plan("interactions", [Source("export", path, "1")], INTERACTIONS)
    started = WorkFolder(work).started("1", NOW)
    command = [sys.executable, __file__, str(path), str(work)]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT) as process:  # noqa: S603 - this file
        while not WorkFolder(work).is_done(0):
            assert process.poll() is None
        process.kill()
    first, written = WorkFolder(work).rows(0), WorkFolder(work).rows(0).stat().st_mtime_ns

    assert WorkFolder(work).started("1", NOW + 1) == started
    assert in_two_processes(plan, tmp_path, work)[0] == converted(plan)[0]
    assert first.stat().st_mtime_ns == written


def test_a_folder_of_another_conversion_is_left_alone(tmp_path: Path) -> None:
    WorkFolder(tmp_path).started("1", NOW)
    with pytest.raises(BadFile, match="another conversion"):
        WorkFolder(tmp_path).started("2", NOW)


def test_a_folder_is_for_its_owner_and_not_one_with_other_files(tmp_path: Path) -> None:
    WorkFolder(tmp_path / "work").started("1", NOW)
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700
    with pytest.raises(BadFile, match="it is not empty"):
        WorkFolder(tmp_path).started("1", NOW)


def test_lines_are_counted_in_each_file_over_its_parts() -> None:
    total = Report()
    for part, number in ((Part("a", "a", 0, 9), 3), (Part("a", "a", 9), 1), (Part("b", "b"), 2)):
        total.add(part, Report(lines=4, examples=[Example(part.name, number, "no_item")]))
    assert [(example.file, example.line) for example in total.examples] == [("a", 3), ("a", 5), ("b", 2)]


def in_two_processes(plan: Plan, folder: Path, work: Path, limit: int = 40_000) -> tuple[list[str], ImportSummary]:
    """Return the CSV's lines and the summary."""
    path, in_work = folder / "data.csv", WorkFolder(work)
    in_work.started("1", NOW)
    with path.open("w", encoding="utf-8", newline="") as out:
        in_parts = partial(in_small_parts, limit=limit, folder=in_work)
        summary = convert(plan, out, NOW, in_parts=in_parts)
    return path.read_bytes().decode().split("\n")[:-1], summary


if __name__ == "__main__":
    export, folder = map(Path, sys.argv[1:])
    in_two_processes(Plan("interactions", [Source("export", export, "1")], INTERACTIONS), folder.parent, folder)
