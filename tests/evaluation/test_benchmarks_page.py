"""Published rows beside ours: the question they were asked, the data that it needs, and the page that shows both."""

import json
import random
import re
from itertools import accumulate
from pathlib import Path

import pytest

from bench.published import data, page
from bench.published.__main__ import PAGE, given
from bench.published.question import question
from bench.published.rows import BENCHMARKS, Benchmark, Published
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.task import NEW_ITEMS, Task, inner
from recommender_models.record_columns import RecordColumns

# Everybody takes one film of a circle after the other, and leaves one out by chance: nobody can predict all.
DRAW = random.Random(1)
CIRCLE = [f"film-{number:02}" for number in range(30)]
PLACES = [accumulate(DRAW.choices([1, 2], k=8), initial=start) for start in range(30)]
HISTORIES = [[CIRCLE[place % 30] for place in places] for places in PLACES]
THEIRS = (
    Published("theirs", 0.5, 0.9999, "a paper"),
    Published("older", None, 0.0001, "another paper", same=False),
)


@pytest.fixture(scope="module")
def task() -> Task:
    return question(
        [items[:-2] for items in HISTORIES], [items[:-1] for items in HISTORIES], [i[-1] for i in HISTORIES]
    )


def test_each_user_is_asked_for_the_last_item_and_has_all_items_before_it(task: Task) -> None:
    assert task.users == 30
    for user, items in enumerate(HISTORIES):
        of_user = task.past.users == user
        assert [task.past.item_ids[item] for item in task.past.items[of_user]] == items[:-1]
        assert task.past.times[of_user].max() == task.past.times.max(), "all histories end at the same moment"
        assert [task.past.item_ids[item] for item in task.truth.items[task.truth.users == user]] == [items[-1]]
    assert len(task.train) == sum(len(items) - 2 for items in HISTORIES)


def test_all_are_asked_after_their_past_and_settings_are_chosen_by_the_last_items_of_the_training(task: Task) -> None:
    moments = task.moments()
    assert moments is not None
    assert moments.min() > task.past.times.max(), "or what sells now would be counted before anything was sold"
    validation = inner(task, 30, seed=1)
    assert validation is not None
    assert {validation.past.item_ids[item] for item in validation.truth.items} == {items[-3] for items in HISTORIES}
    assert len(validation.train) == sum(len(items) - 3 for items in HISTORIES)


def test_what_only_the_past_or_the_truth_has_is_no_trained_item() -> None:
    task = question([["a", "b"]], [["a", "b", "c"]], ["d"])
    assert list(task.train.item_ids) == ["a", "b"]
    assert list(task.past.item_ids) == ["a", "b", "c", "d"]


def test_the_order_of_the_questions_data_is_that_of_its_times() -> None:
    table = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\tb\t3\t881250960\n2\tx\t1\t881250000\n"
    table += "1\ta\t3\t881250950\n1\tc\t5\t881250960\n"
    assert data.ordered(table) == [["a", "b", "c"], ["x"]]


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.key)
def test_data_that_is_missing_is_named(tmp_path: Path, benchmark: Benchmark) -> None:
    with pytest.raises(data.NoData, match=r"(train/input\.txt|\.whl) is missing"):
        benchmark.read(tmp_path)


def test_another_file_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / data.GSASREC / "train/input.txt"
    path.parent.mkdir(parents=True)
    path.write_text("1 2 3\n")
    with pytest.raises(data.NoData, match="not the file of commit 7e35028"):
        data.ml_1m_validation(tmp_path)


def test_a_part_has_all_rows_by_ndcg_and_says_how_far_they_are_apart(task: Task, tmp_path: Path) -> None:
    lines = [
        {"input": {"userId": f"{user:06}"}, "output": {"recommendedItems": items[-1:]}, "error": None}
        for user, items in enumerate(HISTORIES)
    ]
    (tmp_path / "trained elsewhere.out").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    models = [BY_NAME[name] for name in ("popularity", "co-visitation", "ease")]
    settings = ComparisonSettings(tasks=[NEW_ITEMS], recommenders=models, tune=False)
    result = compare(task, settings, RecordColumns(), given(task, tmp_path))
    text = page.part(THEIRS, result.leaderboards[NEW_ITEMS])
    names = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")][2:]
    assert names[:2] == ["trained elsewhere", "theirs (published)"]
    assert names[-1] == "older (published)"
    assert set(names) == {
        "trained elsewhere",
        *(f"{row.name} (published)" for row in THEIRS),
        *(f"`{m.name}`" for m in models),
    }
    best = re.search(r"^- Best here: `(.*)`, (\S+) \(", text, re.MULTILINE)
    assert best
    assert best[1] in {model.name for model in models}, "lists from elsewhere are not ours"
    ours = result.leaderboards[NEW_ITEMS].row(best[1]).intervals[page.NDCG].mean
    assert f"- theirs is better than that by {0.9999 - ours:.3f}".replace("by 0.", "by .") in text
    assert "- older is worse than that" in text


def test_without_our_rows_a_part_says_what_is_missing() -> None:
    text = page.without_ours(THEIRS, "train.txt is missing")
    assert "theirs (published)" in text
    assert text.endswith("Our rows are left out: train.txt is missing.")


def test_the_page_has_a_filled_part_for_each_benchmark() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for benchmark in BENCHMARKS:
        part = text.partition(f"<!-- {benchmark.key} -->\n")[2].partition(f"<!-- end of {benchmark.key} -->")[0]
        assert len(part.strip().splitlines()) >= 1, benchmark.key
        assert benchmark.get in text
