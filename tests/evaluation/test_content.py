"""New items in an evaluation: found by their attributes alone, and seen in the slice of young items."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.progress import unseen
from evaluation.recommenders.candidates import Candidate, train
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.scoring.slices import Slice
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task, task, with_catalogue
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up

ITEMS, KINDS = 40, 4
KIND_OF = {f"i{item}": f"kind {item * KINDS // ITEMS}" for item in range(ITEMS)}
NEW = {f"new {kind}": f"kind {kind}" for kind in range(KINDS)}
BOTH = [BY_NAME["ease-history"], BY_NAME["content"]]


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Return the question of a shop in which from the cut on a third of what is taken is one new item of each kind."""
    rows = made_up.rows(users=200, items=ITEMS)
    cut = int(np.quantile([time for _, _, time, _ in rows], 0.85))
    chance = np.random.default_rng(3)
    rows = [
        (user, f"new {KIND_OF[item][-1]}" if time >= cut and chance.random() < 1 / 3 else item, time, event_type)
        for user, item, time, event_type in rows
    ]
    log = logs.read(made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", rows))
    asked = task(log, split(log, HoldOut("time", at=cut)), None, 1)
    return with_catalogue(asked, [*KIND_OF, *NEW, "nobody's"])


def items(kinds: dict[str, str]) -> RecordColumns:
    return RecordColumns([*kinds, "nobody's"], {"KIND": [*kinds.values(), None]})


def trained(question: Task, kinds: dict[str, str], *, tune: bool = False) -> tuple[dict[str, Candidate], list[str]]:
    entries, notes = train(question, RecordColumns(), BOTH, 1, unseen, tune=tune, items=items(kinds))
    return {entry.name: entry for entry in entries}, notes


def test_items_that_appear_after_the_cut_are_found_by_their_attributes(question: Task) -> None:
    settings = ComparisonSettings(recommenders=BOTH, tune=False)
    result = compare(question, settings, RecordColumns(), items=items(KIND_OF | NEW))
    for name in (ALL_ITEMS, NEW_ITEMS):
        young = _of(result.slices[name], "item's age", "under 30 days")
        assert young.values["content"].mean > 0.2
        assert young.values["ease-history"].mean == 0
        means = {
            row.candidate.name: row.scores.values[result.leaderboards[name].main].mean()
            for row in result.leaderboards[name].rows
        }
        assert means["content"] > means["ease-history"]


def _of(parts: list[Slice], by: str, part: str) -> Slice:
    (found,) = (each for each in parts if (each.by, each.part) == (by, part))
    return found


def test_an_item_of_which_nothing_is_known_is_in_no_list(question: Task) -> None:
    entries, notes = trained(question, KIND_OF | NEW)
    assert not notes
    code = question.past.item_ids.index("nobody's")
    assert not any((lists == code).any() for lists in entries["content"].lists.values())


def test_with_attributes_of_chance_it_is_left_out_and_said(question: Task) -> None:
    shuffled = np.random.default_rng(1).permutation(list(KIND_OF.values())).tolist()
    entries, notes = trained(question, dict(zip(KIND_OF, shuffled, strict=True)) | NEW)
    assert entries.keys() == {"ease-history"}
    assert notes == ["content is left out: the attributes of known items are not shown to tell who takes them"]


def test_its_settings_are_those_of_ease_history_and_a_weight_of_its_own(question: Task) -> None:
    entries, _ = trained(question, KIND_OF | NEW, tune=True)
    chosen = {name: entry.choices for name, entry in entries.items()}
    for name in (ALL_ITEMS, NEW_ITEMS):
        ease, content = (chosen[which][name].settings for which in ("ease-history", "content"))
        assert (ease.half_life_days, ease.repeat, ease.popularity) == (
            content.half_life_days,
            content.repeat,
            content.popularity,
        )
        assert chosen["content"][name].tried == ["content"]
    assert any(choice.chosen for choice in chosen["ease-history"].values()), "there is something to take over"


def test_titles_are_read_as_text_and_kinds_are_not(tmp_path: Path) -> None:
    from evaluation.data.item_columns import described

    columns = {"TITLE": [f"lamp {n}" for n in range(9)], "KIND": ["a", "b", "c"] * 3, "PRICE": [1.0] * 9}
    assert list(described(RecordColumns([f"i{n}" for n in range(9)], columns)).textual) == ["TITLE"]
