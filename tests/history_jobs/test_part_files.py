"""A part's report is written last; a file that can't be had is counted, and its rows are none."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker.interactions import Rules

from history_jobs import part_files
from history_jobs.request import report_name, rows_name
from history_jobs.storage import ArrowStorage, below
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part
from personalize_data.exports.settings import Conversion
from tests.history_jobs.made_up import exports
from tests.personalize_data.conversions import INTERACTIONS, NOW

CONVERSION = Conversion(INTERACTIONS, Rules(), NOW)


class Written:
    """A storage that remembers what is put, in order."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    @contextmanager
    def at_hand(self, part: Part) -> Iterator[tuple[Part, Path]]:
        yield part, Path(part.location)

    def put(self, name: str, path: Path) -> None:
        self.files[name] = path.read_text()

    def has(self, name: str) -> bool:
        return name in self.files


class Empty(Written):
    """A storage that has no file."""

    @contextmanager
    def at_hand(self, part: Part) -> Iterator[tuple[Part, Path]]:
        raise BadFile(part.name, "it is gone")
        yield


def test_the_report_is_written_last(tmp_path: Path) -> None:
    storage, path = Written(), exports(tmp_path / "exports") / "5.jsonl"
    report = part_files.convert(3, Part("export", str(path)), CONVERSION, storage)
    assert list(storage.files) == [rows_name(3), report_name(3)]
    assert len(storage.files[rows_name(3)].splitlines()) == report.rows + 1 > 100


def test_a_file_that_cannot_be_had_is_counted() -> None:
    storage = Empty()
    report = part_files.convert(0, Part("export", "s3://bucket/export"), CONVERSION, storage)
    assert report.bad == {"unreadable_file": 1}
    assert report.notes == ["unreadable_file: export: it is gone"]
    assert storage.files[rows_name(0)] == f"{CONVERSION.header}\n"
    assert json.loads(storage.files[report_name(0)])["bad"] == report.bad


def test_files_at_urls_are_copied_and_written(tmp_path: Path) -> None:
    original, new = tmp_path / "export", tmp_path / "new"
    original.write_bytes(b'{"a": 1}\n{"b": 2}\n{"c": 3}\n')
    storage = ArrowStorage(f"{tmp_path.as_uri()}/out/")
    with storage.at_hand(Part("export", original.as_uri(), 9, 18)) as (copied, path):
        assert (copied.begin, copied.end, path.read_bytes()) == (1, 10, b'\n{"b": 2}\n')
    assert not path.exists()
    with pytest.raises(BadFile, match=r"^gone: "), storage.at_hand(Part("gone", (tmp_path / "gone").as_uri())):
        pass
    new.write_bytes(b"rows")
    (tmp_path / "out" / "rows").mkdir(parents=True)
    storage.put("rows/part", new)
    assert storage.read("rows/part") == (tmp_path / "out" / "rows" / "part").read_bytes() == b"rows"


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("/shared/out", "/shared/out/rows"),
        ("s3://bucket/out/", "s3://bucket/out/rows"),
        ("s3://bucket/out?region=eu-west-1", "s3://bucket/out/rows?region=eu-west-1"),
    ],
)
def test_what_follows_a_question_mark_stays_at_the_end(folder: str, file: str) -> None:
    assert below(folder, "rows") == file
