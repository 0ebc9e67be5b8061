"""Who may know what: nothing to be predicted is in what is known, in any way of holding out."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli.evaluate import command
from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.splits import HOLD_OUTS, HoldOut, split
from evaluation.task import NEW_ITEMS, sampled, task
from personalize_data.errors import BadFile, InvalidRequest
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import TrainingSet
from tests.evaluation import made_up


@pytest.fixture
def log(tmp_path: Path) -> logs.Log:
    return logs.read(made_up.write(tmp_path / "interactions.csv"))


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_nothing_held_out_is_known(kind: str, log: logs.Log) -> None:
    parted = split(log, HoldOut(kind))
    assert parted.truth.any()
    assert not (parted.truth & (parted.train | parted.past)).any()
    users, times = log.rows.users, log.rows.times
    for user in np.unique(users[parted.truth]):
        own = users == user
        newest_known = times[own & parted.past].max(initial=0)
        # Personalize cuts by count: within one second it may part a visit.
        assert newest_known <= times[own & parted.truth].min()


def test_by_time_nobody_knows_anything_from_the_cut_on(log: logs.Log) -> None:
    parted = split(log, HoldOut("time", horizon_days=5))
    assert log.rows.times[parted.train].max() < parted.cut <= log.rows.times[parted.truth].min()
    assert log.rows.times[parted.truth].max() < parted.cut + 5 * made_up.DAY
    assert 0.08 < (log.rows.times >= parted.cut).mean() < 0.12


def test_last_is_one_interaction_a_user_and_basket_all_of_one_second(log: logs.Log) -> None:
    last, basket = split(log, HoldOut("leave-one-out")), split(log, HoldOut("last-basket"))
    assert np.bincount(log.rows.users[last.truth]).tolist() == [1] * 60
    assert np.bincount(log.rows.users[basket.truth]).max() == 2


@pytest.mark.parametrize(
    "how", [HoldOut("leave-one-out"), HoldOut("last-basket"), HoldOut("last-basket", event_type="buy")]
)
def test_who_cannot_be_asked_is_learned_from_all_the_same(how: HoldOut, tmp_path: Path) -> None:
    # Ann has a past before her last purchase; Bob came once, and Cid bought at once and looked later.
    rows = [("ann", "x", 1, "buy"), ("ann", "y", 2, "buy"), ("bob", "z", 1, "buy"), ("cid", "x", 3, "buy")]
    rows += [("cid", "z", 4, "view")] if how.event_type else []
    log = logs.read(made_up.write(tmp_path / "few.csv", rows))
    parted = split(log, how)
    assert [log.rows.item_ids[item] for item in log.rows.items[parted.truth]] == ["y"]
    assert (parted.train | parted.truth).all()


def test_as_personalize_the_training_knows_nothing_of_the_tenth_that_is_tested(log: logs.Log) -> None:
    parted = split(log, HoldOut("personalize", seed=3))
    tested = set(log.rows.users[parted.truth].tolist())
    assert len(tested) == 6
    assert not tested & set(log.rows.users[parted.train].tolist())


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_only_the_target_type_is_predicted_and_nothing_after_it_known(kind: str, log: logs.Log) -> None:
    parted = split(log, HoldOut(kind, event_type="purchase"))
    assert log.is_type("purchase")[parted.truth].all()
    assert not (parted.truth & (parted.train | parted.past)).any()
    with pytest.raises(InvalidRequest, match="no interaction has the type sale"):
        split(log, HoldOut(kind, event_type="sale"))


def test_a_target_without_event_types_is_answered_by_the_column_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "untyped.csv"
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nu,j,2\n")
    with pytest.raises(InvalidRequest) as error:
        split(logs.read(path), HoldOut("leave-one-out", event_type="nope"))
    assert str(error.value).endswith("(there is no column EVENT_TYPE, or nothing in it)")


FAR = made_up.START * 2


@pytest.mark.parametrize(
    ("rows", "how", "message"),
    [
        ("", HoldOut("time", at=FAR), "nothing is held out: hold out from an earlier time (--at), or by --hold-out"),
        (
            "",
            HoldOut("time", at=made_up.START - 99, horizon_days=1e-3),
            "nothing is left to train on: hold out from a la",
        ),
        (
            "u,i,1,a u,j,9,a v,i,1,a",
            HoldOut("time", at=5, horizon_days=1e-6),
            "(--at) or farther (--horizon-days), or ",
        ),
        ("u,i,1,a v,i,2,a", HoldOut("leave-one-out"), "before their last one; try --hold-out time"),
        ("u,i,1,a u,j,1,a", HoldOut("last-basket"), "before their last second; try --hold-out time or leave-one-out"),
        (
            "u,i,1,a u,j,2,b v,i,1,b",
            HoldOut("last-basket", event_type="a"),
            "nothing of a is held out: nobody has an interaction bef",
        ),
        ("u,i,1,a u,j,2,a", HoldOut("personalize"), "nothing is left to train on: the only user is tested; try --hold"),
        (
            "u,i,1,a v,j,2,a",
            HoldOut("personalize"),
            "nothing is held out: nobody of the tested tenth has two in",
        ),
    ],
)
def test_where_nothing_is_left_on_one_side_it_advises_what_helps(
    rows: str, how: HoldOut, message: str, tmp_path: Path, log: logs.Log
) -> None:
    if rows:
        path = tmp_path / "few.csv"
        path.write_text("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + rows.replace(" ", "\n") + "\n")
        log = logs.read(path)
    with pytest.raises(InvalidRequest) as error:
        split(log, how)
    assert message in str(error.value)
    assert f"try --hold-out {how.kind}" not in str(error.value)


def test_what_is_new_is_what_the_user_never_had(log: logs.Log) -> None:
    test = task(log, split(log, HoldOut("last-basket")), None, 1)
    had = set(zip(test.past.users.tolist(), test.past.items.tolist(), strict=True))
    pairs = set(zip(test.truth.users.tolist(), test.truth.items.tolist(), strict=True))
    new = test.truth_for(NEW_ITEMS)
    assert set(zip(new.users.tolist(), new.items.tolist(), strict=True)) == pairs - had
    assert 0 < len(new) < len(pairs)


def written(
    tmp_path: Path, log: logs.Log, hold_out: HoldOut, sample: int | None = None, seed: int = 1
) -> splits_folder.Written:
    parted = split(log, hold_out)
    chosen = sampled(log, parted, sample, seed)
    source = tmp_path / "interactions.csv"
    return splits_folder.write(source, log, parted, chosen, hold_out, tmp_path / "out", lambda done: None)


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_a_file_and_its_split_give_the_same_numbers(kind: str, tmp_path: Path) -> None:
    # Many items, so that some are known of test users alone.
    source = made_up.write(tmp_path / "interactions.csv", made_up.rows(users=80, items=400))
    log, how = logs.read(source), HoldOut(kind, seed=3)
    direct = task(log, split(log, how), 4, how.seed)
    counts = written(tmp_path, log, how, sample=4, seed=how.seed)
    read, _, _ = splits_folder.read(tmp_path / "out")
    assert (counts.past_only_rows > 0) == (kind == "personalize")
    assert len(direct.train) == len(read.train) == counts.train_rows - counts.past_only_rows
    assert named(read.train) == named(direct.train)
    assert named(read.past) == named(direct.past)
    others = [item for item in read.past.item_ids if item not in read.train.item_ids]
    assert read.past.item_ids == [*direct.train.item_ids, *sorted(others)]
    kinds = [BY_NAME[name] for name in ("random", "popularity-30d", "history", "item-knn")]
    comparisons = [
        compare(test, ComparisonSettings(recommenders=kinds, tune=False), RecordColumns()).leaderboards
        for test in (direct, read)
    ]
    of_file, of_folder = (
        [[row.scores.means() for row in leaderboard.rows] for leaderboard in leaderboards.values()]
        for leaderboards in comparisons
    )
    assert of_file == of_folder


def named(rows: TrainingSet) -> list[tuple[str, str, int]]:
    return [
        (rows.user_ids[user], rows.item_ids[item], int(time))
        for user, item, time in zip(rows.users, rows.items, rows.times, strict=True)
    ]


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ("[]", "no list past_only"),
        ('{"cut": 1}', "no list past_only"),
        ('{"cut": 1, "past_only": [1]}', "no list past_only"),
        ('{"cut": "x", "past_only": []}', "cut is neither null nor a whole number of seconds since 1970"),
        ('{"cut": 1e400, "past_only": []}', "cut is neither null"),
        ('{"cut": true, "past_only": []}', "cut is neither null"),
        (f'{{"cut": {10**30}, "past_only": []}}', "cut is neither null"),
        ('{"cut": 1, "past_only": []}', "rows doesn't say how many each file has"),
        ('{"cut": 1, "past_only": [], "rows": {"train.csv": 9}}', "rows doesn't say"),
        ("{", "not JSON"),
        ('{"cut": "\udce9"}', "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_split_that_does_not_say_how_it_was_made_is_refused(
    about: str, reason: str, tmp_path: Path, log: logs.Log
) -> None:
    written(tmp_path, log, HoldOut())
    (tmp_path / "out/split.json").write_text(about, errors="surrogateescape")
    with pytest.raises(BadFile) as error:
        splits_folder.read(tmp_path / "out")
    assert str(error.value).startswith(f"{tmp_path / 'out/split.json'}: {reason}")


@pytest.mark.parametrize("name", ["train.csv", "batch_users.json"])
def test_a_file_of_a_split_that_lost_its_last_rows_is_refused_with_both_counts(
    name: str, tmp_path: Path, log: logs.Log
) -> None:
    written(tmp_path, log, HoldOut("last-basket"))
    path = tmp_path / "out" / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-7]))
    rows = len(lines) - name.endswith(".csv")
    result = CliRunner().invoke(command, [str(tmp_path / "out")])
    assert (result.exit_code, result.stdout) == (2, "")
    messages = (
        f"Error: {path}: it has {rows - 7:,} rows, and {rows:,} were written: it was cut off or changed; split it again"
    )
    assert messages in result.stderr.splitlines()


def test_a_truth_that_lost_its_last_rows_is_scored_with_an_alarm(tmp_path: Path, log: logs.Log) -> None:
    written(tmp_path, log, HoldOut("last-basket"))
    path = tmp_path / "out" / "truth.csv"
    lines = path.read_text().splitlines(keepends=True)
    for kept, messages in (
        (lines, []),
        (lines[:-7], [f"has {len(lines) - 8:,} rows, and {len(lines) - 1:,} were written"]),
    ):
        path.write_text("".join(kept))
        result = CliRunner().invoke(command, [str(tmp_path / "out"), "--no-tuning", "--json"])
        assert result.exit_code == 0, result.stderr
        diagnostics = [one for one in json.loads(result.stdout)["diagnostics"] if one["name"] == "truth_changed"]
        assert [diagnostic["message"] for diagnostic in diagnostics] == [
            f"truth.csv {one}: it was cut off or changed" for one in messages
        ]
        assert all(one["fault"] for one in diagnostics)


@pytest.mark.parametrize("rows", ["u,i,1 u,i,2 v,i,1 v,i,9", "u,i,1 u,j,9"])
def test_where_there_is_nothing_to_choose_from_that_is_the_reason_and_nothing_is_shown(
    rows: str, tmp_path: Path
) -> None:
    path = tmp_path / "few.csv"
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + rows.replace(" ", "\n") + "\n")
    result = CliRunner().invoke(command, [str(path), "--no-tuning"])
    assert (result.exit_code, result.stdout) == (2, "")
    (error,) = (line for line in result.stderr.splitlines() if line.startswith("Error: nothing can be scored: "))
    assert "all-items: nothing to choose from: there is one item, or none" in error


def test_both_commands_say_that_a_personalize_trains_on_the_past_of_the_tested(tmp_path: Path, log: logs.Log) -> None:
    source, out = str(tmp_path / "interactions.csv"), str(tmp_path / "out")
    how = ("--hold-out", "personalize")
    parted = CliRunner().invoke(command, ["split", source, "--out", out, *how])
    messages = re.findall(r"the past of the tested users, (\d+) interactions", parted.stderr)
    for arguments in ([source, *how], [out]):
        notes = json.loads(CliRunner().invoke(command, [*arguments, "--no-tuning", "--json"]).stdout)["notes"]
        assert re.findall(r"the past of the tested users, (\d+) interactions", str(notes)) == messages
    assert len(messages) == 1


def test_a_split_as_files_asks_the_same_question(tmp_path: Path, log: logs.Log) -> None:
    how = HoldOut("time")
    counts = written(tmp_path, log, how, sample=10)
    direct = task(log, split(log, how), 10, 1)
    read, _, _ = splits_folder.read(tmp_path / "out")
    users = [json.loads(line)["userId"] for line in (tmp_path / "out/batch_users.json").read_text().splitlines()]
    assert users == list(direct.past.user_ids) == list(read.past.user_ids)
    assert len(users) == counts.users == 10
    assert counts.train_rows == len(direct.train) == len(read.train)
    assert read.cut == direct.cut
    for name in ("users", "items"):
        assert getattr(read.truth, name).tolist() == getattr(direct.truth, name).tolist()
        assert getattr(read.past, name).tolist() == getattr(direct.past, name).tolist()
    assert (tmp_path / "out/train.csv").read_text().startswith("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nu")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, log: logs.Log) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("mine")
    with pytest.raises(BadFile, match="not empty"):
        written(tmp_path, log, HoldOut())
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["interactions.csv", "mine", "out"]


def test_nothing_half_written_is_left(tmp_path: Path, log: logs.Log) -> None:
    (tmp_path / "interactions.csv").write_text("USER_ID,ITEM_ID\nonly,two,three\n")  # changed under our hands
    with pytest.raises(Exception, match="found more fields"):
        written(tmp_path, log, HoldOut())
    assert [path.name for path in tmp_path.iterdir()] == ["interactions.csv"]


def test_a_real_personalize_gets_the_past_of_those_it_is_asked_about(tmp_path: Path, log: logs.Log) -> None:
    written(tmp_path, log, HoldOut("personalize"))
    read, _, _ = splits_folder.read(tmp_path / "out")
    assert (np.bincount(read.past.users, minlength=read.users) > 0).all()
    assert len(read.past) + len(read.truth) >= 6 * 15
