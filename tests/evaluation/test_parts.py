"""Interactions in parts give the results of the same interactions in memory, to the last digit."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cli.evaluate import command
from evaluation import split_files
from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.parts import models, quantile
from evaluation.parts.writer import PartsWriter
from evaluation.request import ComparisonSettings, EvaluationRequest
from evaluation.run import Evaluation, evaluate
from evaluation.splits import HoldOut
from personalize_data.errors import BadFile, InvalidRequest
from recommender_models.models import similarity
from tests.evaluation import made_up

IN_PARTS = 500_000  # bytes of memory: of the shop below, a handful of parts
FILES = (splits_folder.TRAIN, splits_folder.TRUTH, splits_folder.USERS, splits_folder.ABOUT)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", made_up.rows(users=150, items=40))


def compared(file: Path, memory: int | None, **options: Any) -> Evaluation:
    settings = ComparisonSettings(tune=options.pop("tune", False))
    return evaluate(EvaluationRequest(file, settings, sample_users=60, memory=memory, **options))


def assert_same(found: Evaluation, expected: Evaluation) -> None:
    """Compare all lists and all metrics of all recommenders that both have."""
    for task, leaderboard in expected.leaderboards.items():
        rows = {row.candidate.name: row for row in found.leaderboards[task].rows}
        names = [row.candidate.name for row in leaderboard.rows if row.candidate.name != "ranked"]
        assert list(rows) == names
        for row in leaderboard.rows:
            if row.candidate.name in rows:
                other = rows[row.candidate.name]
                assert other.candidate.lists[task].tolist() == row.candidate.lists[task].tolist(), row.candidate.name
                assert {str(metric): str(value) for metric, value in other.intervals.items()} == {
                    str(metric): str(value) for metric, value in row.intervals.items()
                }
                assert other.candidate.settings == row.candidate.settings


@pytest.mark.parametrize("tune", [False, True])
def test_a_comparison_in_parts_is_the_one_in_memory(shop: Path, tune: bool) -> None:
    found, expected = (compared(shop, memory, tune=tune) for memory in (IN_PARTS, None))
    assert_same(found, expected)
    assert found.how
    assert expected.how
    assert found.how.data == expected.how.data
    assert [str(each) for each in found.diagnostics] == [str(each) for each in expected.diagnostics]
    assert any("parts" in note for note in found.notes)


def test_several_cuts_and_types_in_parts_are_those_in_memory(shop: Path) -> None:
    how = HoldOut(event_type="purchase")
    found, expected = (compared(shop, memory, hold_out=how, cuts=2) for memory in (IN_PARTS, None))
    assert_same(found, expected)
    assert found.cuts.keys() == expected.cuts.keys()


def test_a_folder_that_is_split_is_read_in_parts_too(shop: Path, tmp_path: Path) -> None:
    split_files.write(shop, HoldOut(), tmp_path / "split", sample_users=60, now=np.inf)
    found, expected = (compared(tmp_path / "split", memory, tune=True) for memory in (IN_PARTS // 2, None))
    assert_same(found, expected)
    assert found.how
    assert expected.how
    assert found.how.data == expected.how.data


@pytest.mark.parametrize("how", [HoldOut(), HoldOut("last-basket", event_type="view"), HoldOut("leave-one-out")])
def test_a_split_in_parts_writes_the_same_bytes(shop: Path, tmp_path: Path, how: HoldOut) -> None:
    results = [
        split_files.write(shop, how, tmp_path / str(memory), sample_users=60, memory=memory, now=np.inf)
        for memory in (IN_PARTS, None)
    ]
    assert results[0] == results[1]
    for name in FILES:
        assert (tmp_path / str(IN_PARTS) / name).read_bytes() == (tmp_path / "None" / name).read_bytes()


def test_with_many_items_the_lists_are_the_same(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (models, similarity):
        monkeypatch.setattr(module, "MOST_DENSE", 25)
    monkeypatch.setattr(similarity, "MOST_USERS", 10)
    monkeypatch.setattr(similarity.fit, "__defaults__", (25, 10))
    found, expected = (compared(shop, memory) for memory in (IN_PARTS, None))
    assert_same(found, expected)


def parted(path: Path, folder: Path, parts: int = 3) -> Any:
    folder.mkdir()
    writer = PartsWriter(folder, parts, np.inf, buffered=50)
    writer.add(path)
    return writer.finish()


def interactions(log: Any) -> list[tuple[str, str, int, int]]:
    rows = log.rows
    users = [rows.user_ids[code] for code in rows.users.tolist()]
    items = [rows.item_ids[code] for code in rows.items.tolist()]
    return sorted(zip(users, items, rows.times.tolist(), log.types.tolist(), strict=True))


ROWS = [
    "u1,i2,1700000000,view,1", ",i1,1700000000,view,1", "u2,,1700000001,view,1", "u2,i1,1700000002,,1",
    "u1,i2,1700000000,view,1", "u3,i3,1700000003,purchase,-2", "broker-probe,i1,1700000004,view,1",
    "u3,i3,1700000005,purchase,2", ",,,,", "u3,i1,1700000006,view,",
]  # fmt: skip
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"


def test_rows_are_left_out_as_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n")
    expected, found = logs.read(path), parted(path, tmp_path / "parts")
    assert found.notes == expected.notes
    assert (len(found), found.users, found.file_rows) == (len(expected), 3, len(ROWS))
    assert (found.first, found.last) == (expected.rows.first, expected.rows.last)
    assert sorted(row for part in found for row in interactions(part)) == interactions(expected)


@pytest.mark.parametrize(
    "rows",
    [
        ["u1,i1,1700000000123,view,1"],
        ["u1,i1,2023-01-01,view,1"],
        ["u1,i1,1700000000,view,1", "u2,i1,1700000000123,view,1"],
        ["u1,i1,1700000000,view,1", 'u2,"i1,1700000000,view,1'],
        ['u1,i1,1700000000,view,"1', 'u2,i1,1700000000,view,1"'],
        ["u1,i1,1700000000,view,1", "u2,i1,1700000000"],
        ["u1,i1,1700000000,view,1", " u2,i1,1700000000,view,1"],
        ["17.0,i1,1700000000,view,1", "17,i1,1700000000,view,1"],
        ["u1,5.0,1700000000,view,1", "u1,5,1700000000,view,1"],
        [],
    ],
)
def test_what_memory_refuses_parts_refuse_with_the_same_words(tmp_path: Path, rows: Sequence[str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    with pytest.raises(BadFile) as expected:
        logs.read(path)
    with pytest.raises(BadFile) as found:
        parted(path, tmp_path / "parts")
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("users", [["17.0", "4.0", "5.0"], ["17.0", "u4", "5.0"]])
def test_ids_that_end_in_0_are_judged_over_all_parts(tmp_path: Path, users: Sequence[str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *(f"{user},i1,1700000000,view,1" for user in users)]) + "\n")
    expected, found = logs.read(path), parted(path, tmp_path / "parts")
    assert found.notes == expected.notes
    assert sorted(row for part in found for row in interactions(part)) == interactions(expected)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_quantiles_of_parts_are_those_of_all(share: float) -> None:
    times = 1_700_000_000 + np.random.default_rng(1).integers(-3 * 86_400, 3 * 86_400, 999)
    parts = np.array_split(times, 7)
    assert quantile.higher(lambda: parts, share) == int(np.quantile(times, share, method="higher"))


@pytest.mark.parametrize("kind", ["last-basket", "leave-one-out", "personalize"])
def test_users_with_moments_of_their_own_are_refused(shop: Path, kind: str) -> None:
    with pytest.raises(InvalidRequest, match=f"--hold-out {kind}: .* --memory"):
        compared(shop, IN_PARTS, hold_out=HoldOut(kind))


def test_a_split_as_personalize_does_it_takes_all_users_at_once(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"--hold-out personalize: .* --memory"):
        split_files.write(shop, HoldOut("personalize"), tmp_path / "out", memory=IN_PARTS, now=np.inf)
    assert not (tmp_path / "out").exists()


def test_the_command_takes_a_size(shop: Path) -> None:
    results = [
        CliRunner().invoke(command, [str(shop), "--no-tuning", "--json", "--memory", size]) for size in ("100KB", "6GB")
    ]
    notes = [json.loads(result.stdout)["notes"] for result in results]
    assert [any("parts" in note for note in some) for some in notes] == [True, False]
    refused = CliRunner().invoke(command, [str(shop), "--memory", "much"])
    assert refused.exit_code == 2
    assert "expected one like 6GB" in refused.stderr
