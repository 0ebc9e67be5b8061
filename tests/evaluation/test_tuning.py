"""Settings are chosen by a test of the kind that the test is, and only where that test can tell."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.data.log import Log
from evaluation.progress import unseen
from evaluation.recommenders.candidates import train
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import Blocks
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.recommenders.tuning import Choice, Validation
from evaluation.splits import HOLD_OUTS, HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task, inner, sampled, task
from personalize_data.errors import BadFile
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet
from tests.evaluation import made_up
from tests.evaluation.made_up import DAY, START

NOBODY = RecordColumns()
Row = tuple[str, str, int, str]


def read(path: Path, rows: list[Row] | None = None) -> Log:
    return logs.read(made_up.write(path / "interactions.csv", rows))


def asked(log: Log, how: HoldOut) -> tuple[Task, Task]:
    outer = task(log, split(log, how), None, 1)
    within = inner(outer, 1000, 1)
    assert within is not None
    return outer, within


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return read(tmp_path_factory.mktemp("shop"))


@pytest.mark.parametrize("horizon", [None, 12])
def test_by_time_the_inner_cut_is_as_far_before_the_outer_one_and_predicts_as_far(
    horizon: float | None, log: Log
) -> None:
    outer, within = asked(log, HoldOut("time", horizon_days=horizon))
    reach = horizon * DAY if horizon else log.rows.times.max() + 1 - outer.cut
    assert within.cut == outer.cut - reach
    assert within.train.times.max() < within.cut <= within.truth_times.min()
    assert within.truth_times.max() < outer.cut
    assert len(within.train) + np.sum(outer.train.times >= within.cut) == len(outer.train)


def test_by_time_half_of_the_training_is_left_to_learn_from(log: Log) -> None:
    early = int(np.quantile(log.rows.times, 0.3))
    outer, within = asked(log, HoldOut("time", at=early))
    assert len(within.train) == pytest.approx(len(outer.train) / 2, rel=0.1)


def test_of_leave_one_out_one_each_is_left_out_and_of_the_last_basket_all_of_one_second(log: Log) -> None:
    for kind, most in (("leave-one-out", 1), ("last-basket", 2)):
        outer, within = asked(log, HoldOut(kind))
        assert np.bincount(within.truth.users).max() == most
        assert within.users == outer.users
        moments = within.moments()
        assert moments is not None
        assert (within.past.times <= moments[within.past.users]).all()


def test_as_personalize_other_users_are_tested_than_those_of_the_test(log: Log) -> None:
    outer, within = asked(log, HoldOut("personalize", seed=3))
    trained = {within.train.user_ids[user] for user in within.train.users.tolist()}
    assert 1 < within.users < outer.users
    assert not set(within.past.user_ids) & set(outer.past.user_ids)
    assert not set(within.past.user_ids) & trained


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_the_target_is_that_of_the_test(kind: str, tmp_path: Path) -> None:
    rows = [(user, f"{item} {what}", at, what) for user, item, at, what in made_up.rows(users=120)]
    _, within = asked(read(tmp_path, rows), HoldOut(kind, event_type="purchase"))
    predicted = {within.past.item_ids[item].split()[1] for item in within.truth.items.tolist()}
    assert predicted == {"purchase"}
    assert any(item.endswith("view") for item in within.train.item_ids)


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_a_folder_chooses_by_the_same_inner_test(kind: str, tmp_path: Path) -> None:
    source = made_up.write(tmp_path / "interactions.csv", made_up.rows(users=80, items=400))
    log, how = logs.read(source), HoldOut(kind, event_type="purchase", seed=3)
    parted = split(log, how)
    chosen = sampled(log, parted, 6, how.seed)
    splits_folder.write(source, log, parted, chosen, how, tmp_path / "out", lambda done: None)
    first, second = (
        inner(one, 1000, 1) for one in (task(log, parted, 6, how.seed), splits_folder.read(tmp_path / "out")[0])
    )
    assert first is not None
    assert second is not None
    assert [first.past.item_ids[item] for item in first.truth.items.tolist()] == [
        second.past.item_ids[item] for item in second.truth.items.tolist()
    ]
    assert (first.cut, first.truth_times.tolist()) == (second.cut, second.truth_times.tolist())
    assert (first.past.user_ids, len(first.train)) == (second.past.user_ids, len(second.train))


def test_a_folder_that_names_no_known_hold_out_is_refused(tmp_path: Path) -> None:
    source = made_up.write(tmp_path / "interactions.csv")
    log, how = logs.read(source), HoldOut("last-basket")
    parted = split(log, how)
    splits_folder.write(source, log, parted, sampled(log, parted, None, 1), how, tmp_path / "out", lambda done: None)
    about = tmp_path / "out/split.json"
    content = json.loads(about.read_text())
    for hold_out, reason in (({"kind": "last"}, "there is no --hold-out last"), (None, "doesn't say how")):
        about.write_text(json.dumps(content | {"hold_out": hold_out}))
        with pytest.raises(BadFile, match=reason):
            splits_folder.read(tmp_path / "out")


def months(users: int = 150) -> list[Row]:
    """On a visit each item is looked at three times; nobody comes back to it, and each month has items of its own."""
    random = np.random.default_rng(6)
    return [
        (f"u{user}", f"month {month} item {item}", START + int(30 * DAY * (month + day)) + look, "view")
        for user in range(users)
        for month in range(8)
        for item, day in zip(random.permutation(12)[:2].tolist(), sorted(random.random(2)), strict=True)
        for look in range(3)
    ]


def test_what_is_chosen_answers_the_question_of_the_test(tmp_path: Path) -> None:
    log, recommender = read(tmp_path, months()), replace(BY_NAME["ease-history"], searched=["repeat"])
    by_time, left_out = (
        Validation(asked(log, HoldOut(kind))[0], NOBODY, 1).choose(recommender)[ALL_ITEMS]
        for kind in ("time", "leave-one-out")
    )
    # The next look is at the same item; the next weeks bring none of the user's own.
    assert (by_time.settings.repeat, by_time.chosen) == (0, ["repeat"])
    assert left_out.settings.repeat >= Settings().repeat


def test_from_chance_next_to_nothing_is_chosen(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = [
        (f"u{user}", f"i{random.integers(50)}", START + user + step * DAY, "")
        for user in range(150)
        for step in range(12)
    ]
    outer, _ = asked(read(tmp_path, rows), HoldOut("last-basket"))
    validation = Validation(outer, NOBODY, 1)
    choices = [one for name in ("item-knn", "ease-history") for one in validation.choose(BY_NAME[name]).values()]  # fmt: skip  # noqa: E501
    tried, chosen = (sum(len(names) for names in some) for some in zip(*((one.tried, one.chosen) for one in choices), strict=True))  # fmt: skip  # noqa: E501
    assert tried >= 14
    assert chosen <= 2


def test_a_baseline_takes_the_best_value_also_where_the_validation_cannot_tell(tmp_path: Path) -> None:
    # Too few to tell anything of.
    outer, _ = asked(read(tmp_path, newest_again(users=9)), HoldOut("leave-one-out"))
    validation = Validation(outer, NOBODY, 1)
    baseline = validation.choose(BY_NAME["history"])[ALL_ITEMS]
    model = validation.choose(replace(BY_NAME["history"], baseline=False))[ALL_ITEMS]
    assert (baseline.settings.step_decay, baseline.chosen) == (0.3, ["step_decay"])
    assert model.chosen == []


@pytest.mark.parametrize("baseline", [True, False])
def test_a_baseline_looks_at_its_first_setting_again_beside_the_others(log: Log, baseline: bool) -> None:
    outer, within = asked(log, HoldOut("last-basket"))
    hits = {(60, 0.9): 0.2, (180, 0.9): 0.4, (180, 1): 0.6, (60, 1): 0.9}  # up to 180 days, and then back

    def score(_models: TrainedModels, _past: TrainingSet, settings: Settings) -> Blocks:
        share = hits.get((settings.half_life_days, settings.step_decay), 0)
        found = (within.truth.users < share * within.users) & (within.truth.items < within.trained_items)
        scores = np.zeros((within.users, within.trained_items), dtype=np.float32)
        scores[within.truth.users[found], within.truth.items[found]] = 1
        yield scores

    recommender = replace(BY_NAME["history"], score=score, baseline=baseline)
    choice = Validation(outer, NOBODY, 1).choose(recommender)[ALL_ITEMS]
    reached = choice.settings.half_life_days, choice.settings.step_decay
    assert reached == ((60, 1) if baseline else (180, 1))
    assert choice.chosen == (["step_decay"] if baseline else ["half_life_days", "step_decay"])


def newest_again(users: int = 60) -> list[Row]:
    """Everybody takes one item six times, and then another one thrice."""
    items = [0, 0, 0, 0, 0, 0, 1, 1, 1]
    return [
        (f"u{user}", f"i{(user + item) % 9}", START + step * DAY, "")
        for user in range(users)
        for step, item in enumerate(items)
    ]


def test_a_baseline_has_its_best_settings_also_where_the_models_keep_the_defaults(tmp_path: Path) -> None:
    outer, _ = asked(read(tmp_path, newest_again()), HoldOut("leave-one-out"))
    (history, model), notes = train(outer, NOBODY, [BY_NAME["history"], BY_NAME["ease-history"]], 1, unseen, tune=False)
    assert history.choices is not None
    assert history.choices[ALL_ITEMS].chosen
    assert model.choices is not None
    assert {choice.settings for choice in model.choices.values()} == {Settings()}
    assert {tuple(choice.tried) for choice in model.choices.values()} == {()}
    assert notes == ["settings at the end of what was tried: history, all-items: step decay 0.3 is the smallest"]


def test_a_setting_says_whether_it_was_chosen_and_whether_there_was_more_to_try() -> None:
    choice = Choice(Settings(step_decay=0.3, repeat=0.0), ["step_decay", "repeat", "popularity"], ["step_decay"])
    assert choice.in_words("step_decay") == "step decay 0.3 (chosen, the smallest tried)"
    assert choice.in_words("repeat") == "repeat 0 (kept)"
    assert choice.in_words("half_life_days") == "half life days 60"
    assert NEW_ITEMS not in choice.at_end
