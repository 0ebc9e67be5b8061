"""Exports in S3 are converted as those that are here, and only a few parts of them are here at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from bench.exports import lines
from cli import history_files
from cli.local_conversion import LocalConversion
from cli.progress import WaitDisplay
from history_jobs.s3_storage import S3Storage
from personalize_data.conversion import Plan, Source
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part
from tests.history_jobs.folder_s3 import FolderS3
from tests.history_jobs.made_up import exports, in_one_process, rows_of
from tests.personalize_data.conversions import INTERACTIONS

PROCESSES = 2


class AtHand:
    """Counts the parts that are here, and the most that ever were."""

    def __init__(self, s3: FolderS3) -> None:
        self._storage = S3Storage(s3, "", "")
        self.here: set[Path] = set()
        self.most = 0
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, part: Part) -> Iterator[tuple[Part, Path]]:
        """Yield a part, and where it is."""
        with self._storage.at_hand(part) as (copied, path):
            with self._lock:  # parts come in several threads
                self.here.add(path)
                self.most = max(self.most, sum(one.exists() for one in self.here))
            yield copied, path


def gathered(s3: FolderS3, url: str, folder: Path) -> list[Source]:
    return history_files.gather((url,), lambda: s3, folder, WaitDisplay(), by_part=True)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 30 kB be the size of a part, and 10 kB enough to be worth it."""
    monkeypatch.setattr(history_files, "SIZE", 30_000)
    monkeypatch.setattr(history_files, "SMALL", 10_000)


@pytest.mark.usefixtures("small")
def test_exports_in_s3_give_the_rows_and_the_report_of_files_that_are_here(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    rows, expected = in_one_process(exports(tmp_path / "bucket" / "2026"))
    s3 = FolderS3(tmp_path)
    at_hand = AtHand(s3)
    plan = Plan("interactions", gathered(s3, "s3://bucket/2026/", tmp_path), INTERACTIONS)
    (tmp_path / "bucket" / "2026" / "4.parquet").unlink()  # one that is not there any more is one line, too
    summary = LocalConversion(plan, tmp_path / "work", PROCESSES, at_hand).csv(tmp_path / "csv", WaitDisplay())

    assert rows_of([(tmp_path / "csv").read_bytes().decode()]) == rows
    said, of_files = summary.as_json(), expected.as_json()
    for name in ("rows", "users", "users_with_two", "first", "last", "skipped", "bad"):
        assert said[name] == of_files[name], name
    assert "unreadable_file: s3://bucket/2026/4.parquet: S3 says NoSuchKey" in summary.notes
    assert len(at_hand.here) > 5
    assert at_hand.most <= PROCESSES + 1
    assert not any(path.exists() for path in at_hand.here)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("first", [b"USER_ID,ITEM_ID\n" + b"u,i\n" * 9_000, b"\x1f\x8b\x08cut", b'{"a": 1}\n' * 9_000])
def test_what_does_not_begin_with_an_export_is_fetched(tmp_path: Path, first: bytes) -> None:
    exports_ = tmp_path / "bucket"
    exports_.mkdir()
    (exports_ / "1").write_bytes(first)
    (exports_ / "2").write_bytes(b"\n".join(islice(lines(1), 20)))
    (tmp_path / "here").mkdir()
    sources = gathered(FolderS3(tmp_path), "s3://bucket/", tmp_path / "here")

    assert [source.name for source in sources] == ["s3://bucket/1", "s3://bucket/2"]
    assert [source.path.read_bytes() for source in sources] == [(exports_ / name).read_bytes() for name in "12"]


def test_what_is_small_is_fetched(tmp_path: Path) -> None:
    exports(tmp_path / "bucket")
    (tmp_path / "here").mkdir()
    assert all(source.path.exists() for source in gathered(FolderS3(tmp_path), "s3://bucket/", tmp_path / "here"))


def test_files_in_another_order_do_not_go_on_with_the_parts_of_before(tmp_path: Path) -> None:
    folder = exports(tmp_path / "exports")
    plan, reverse = (
        Plan("interactions", [Source(path.name, path, path.name) for path in paths], INTERACTIONS)
        for paths in (sorted(folder.iterdir()), sorted(folder.iterdir(), reverse=True))
    )
    LocalConversion(plan, tmp_path / "work", PROCESSES).csv(tmp_path / "csv", WaitDisplay())
    with pytest.raises(BadFile, match="another conversion"):
        LocalConversion(reverse, tmp_path / "work", PROCESSES).csv(tmp_path / "csv", WaitDisplay())
