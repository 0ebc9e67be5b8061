"""Who may know what: nothing to be foretold is in what is known, in any way of holding out."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.failure import BadFile, BadQuestion
from evaluation.splits import KINDS, HoldOut, split
from evaluation.task import NEW, sampled, task
from tests.evaluation import made_up


@pytest.fixture
def log(tmp_path: Path) -> logs.Log:
    return logs.read(made_up.write(tmp_path / "interactions.csv"))


@pytest.mark.parametrize("kind", KINDS)
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
    last, basket = split(log, HoldOut("last")), split(log, HoldOut("basket"))
    assert np.bincount(log.rows.users[last.truth]).tolist() == [1] * 60
    assert np.bincount(log.rows.users[basket.truth]).max() == 2


def test_as_personalize_the_training_knows_nothing_of_the_tenth_that_is_tested(log: logs.Log) -> None:
    parted = split(log, HoldOut("personalize", seed=3))
    tested = set(log.rows.users[parted.truth].tolist())
    assert len(tested) == 6
    assert not tested & set(log.rows.users[parted.train].tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_target_type_is_foretold_and_nothing_after_it_known(kind: str, log: logs.Log) -> None:
    parted = split(log, HoldOut(kind, event_type="purchase"))
    assert log.of_type("purchase")[parted.truth].all()
    assert not (parted.truth & (parted.train | parted.past)).any()
    with pytest.raises(BadQuestion, match="no interaction has the type sale"):
        split(log, HoldOut(kind, event_type="sale"))


def test_a_cut_after_everything_is_refused(log: logs.Log) -> None:
    with pytest.raises(BadQuestion, match="nothing is held out"):
        split(log, HoldOut("time", at=made_up.START * 2))


def test_what_is_new_is_what_the_user_never_had(log: logs.Log) -> None:
    asked = task(log, split(log, HoldOut("basket")), None, 1)
    had = set(zip(asked.past.users.tolist(), asked.past.items.tolist(), strict=True))
    pairs = set(zip(asked.truth.users.tolist(), asked.truth.items.tolist(), strict=True))
    new = asked.truth_of(NEW)
    assert set(zip(new.users.tolist(), new.items.tolist(), strict=True)) == pairs - had
    assert 0 < len(new) < len(pairs)


def written(tmp_path: Path, log: logs.Log, how: HoldOut, sample: int | None = None) -> splits_folder.Written:
    parted = split(log, how)
    chosen = sampled(log, parted, sample, 1)
    source = tmp_path / "interactions.csv"
    return splits_folder.write(source, log, parted, chosen, how, tmp_path / "out", lambda done: None)


def test_a_split_as_files_asks_the_same_question(tmp_path: Path, log: logs.Log) -> None:
    how = HoldOut("time")
    counts = written(tmp_path, log, how, sample=10)
    direct = task(log, split(log, how), 10, 1)
    read, _ = splits_folder.read(tmp_path / "out")
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
    read, _ = splits_folder.read(tmp_path / "out")
    assert (np.bincount(read.past.users, minlength=read.users) > 0).all()
    assert len(read.past) + len(read.truth) >= 6 * 15
