"""What a model may know when it predicts: only what was before, in groups, of people in turn."""

import re
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data.log import Log
from evaluation.features.attributes import MOST_WORDS, attributes
from evaluation.features.examples import examples, groups
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns

DAY = 86_400
ROWS = """USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE
ann,a,86400,view
ann,b,172800,view
ann,c,172800,buy
ann,a,345600,buy
bob,b,86400,view
"""


def read(folder: Path, text: str = ROWS) -> Log:
    (folder / "log.csv").write_text(text)
    return logs.read(folder / "log.csv")


def test_a_history_ends_before_the_second_and_knows_nothing_of_the_same_basket(tmp_path: Path) -> None:
    log = read(tmp_path)
    of_items = groups(log.rows.items, log.rows.item_ids, None)
    assert of_items.names == ["a", "b", "c"]
    seen = examples(log, of_items, None, 100, 1)
    histories = [[*map(float, line)] for line in seen.history]
    nothing = [0.0, 0.0, 0.0, np.nan, np.nan]
    np.testing.assert_array_equal(
        histories, [nothing, [1, 0, 0, 1, 0], [1, 0, 0, 1, 0], [1, 1, 1, 2, histories[3][4]], nothing]
    )
    assert histories[3][4] in (1, 2)
    assert [of_items.names[code] for code in seen.came] == ["a", "b", "c", "a", "b"]


def test_only_the_target_is_predicted_but_everything_is_history(tmp_path: Path) -> None:
    log = read(tmp_path)
    seen = examples(log, groups(log.rows.items, log.rows.item_ids, None), "buy", 100, 1)
    assert seen.history[:, :3].sum(axis=1).tolist() == [1, 3]
    untyped = read(tmp_path, "USER_ID,ITEM_ID,TIMESTAMP\nann,a,86400\n")
    for known, there in ((log, "there are: buy, view"), (untyped, "there is no column EVENT_TYPE, or nothing in it")):
        of_items = groups(known.rows.items, known.rows.item_ids, None)
        with pytest.raises(InvalidRequest, match=re.escape(f"no interaction has the type nope ({there})")):
            examples(known, of_items, "nope", 100, 1)


def test_everybody_has_an_example_before_anybody_has_two(tmp_path: Path) -> None:
    log = read(tmp_path)
    for seed in range(5):
        seen = examples(log, groups(log.rows.items, log.rows.item_ids, None), None, 2, seed)
        assert sorted(seen.users.tolist()) == [0, 1]


def test_groups_are_a_column_of_the_items_and_what_is_rare_or_without_one_is_other() -> None:
    items = np.array([0, 0, 0, 1, 1, 2, 3])
    item_groups = groups(items, ["w", "x", "y", "z"], {"w": "shoes", "x": "hats", "y": "bags", "z": None}, most=2)
    assert item_groups.names == ["shoes", "hats", "other"]
    assert item_groups.of_items.tolist() == [0, 1, 2, 2]


def test_words_are_codes_the_rarest_are_one_and_what_is_unknown_is_nothing() -> None:
    names = [f"w{place:03}" for place in range(300)]
    users = RecordColumns(
        [f"u{place}" for place in range(300)], {"WORD": names, "AGE": [None, *map(float, range(299))]}
    )
    word, age = attributes(users, [*users.ids, "stranger"])
    assert word.words
    assert not age.words
    assert np.nanmax(word.values) == MOST_WORDS
    assert np.isnan(word.values[-1])
    assert np.isnan(age.values[[0, -1]]).all()
    assert (word.distinct, round(age.known * 301)) == (300, 299)
