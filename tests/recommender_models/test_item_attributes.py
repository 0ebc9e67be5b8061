"""Attributes of items as numbers."""

import numpy as np
import pytest

from recommender_models.content.attributes import MOST_NAMES, Attributes
from recommender_models.record_columns import RecordColumns

IDS = [f"i{number}" for number in range(10)]


def test_categories_share_a_line_numbers_count_by_fifths_and_words_by_rarity() -> None:
    items = RecordColumns(
        IDS,
        {
            "KIND": ["red|big", "red", "big"] * 3 + ["once"],
            "PRICE": [float(number) for number in range(10)],
            "TEXT": ["a red lamp", "The LAMP, blue"] * 5,
            "CREATION_TIMESTAMP": [1] * 10,
            "NEW": [True] * 10,
        },
        textual=["TEXT"],
    )
    found = Attributes.of(items, IDS)
    assert found.names["KIND"].keys() == {"red", "big"}, "what one item has teaches nothing"
    assert found.names["PRICE"].keys() == {"0", "1", "2", "3", "4"}
    assert found.names["TEXT"].keys() == {"red", "lamp", "the", "blue"}
    assert "CREATION_TIMESTAMP" not in found.names
    line = found.matrix([items.properties()["i0"]]).toarray()[0]
    of_kind = {name: line[number] for name, number in found.names["KIND"].items()}
    assert of_kind == {"red": 0.5, "big": 0.5}
    words = {name: line[number] for name, number in found.names["TEXT"].items()}
    assert words["red"] > words["lamp"] > words["blue"] == 0
    assert sum(value**2 for value in words.values()) == pytest.approx(1)
    assert sum(line[number] for number in found.names["PRICE"].values()) == 1


@pytest.mark.parametrize("properties", [None, {}, {"KIND": "unheard of"}, {"KIND": None, "PRICE": None}, {"OTHER": 1}])
def test_of_an_item_without_known_attributes_nothing_is_known(properties: dict[str, object] | None) -> None:
    found = Attributes.of(RecordColumns(IDS, {"KIND": ["a", "b"] * 5, "PRICE": [1.0, 2.0] * 5}), IDS)
    assert not found.matrix([properties]).nnz


def test_only_trained_items_teach() -> None:
    items = RecordColumns(IDS, {"KIND": ["a"] * 4 + ["b"] * 6})
    assert Attributes.of(items, IDS[:5]).names["KIND"].keys() == {"a"}


def test_the_commonest_names_are_kept() -> None:
    ids = [f"i{number}" for number in range(4000)]
    kinds = [f"k{number % 1500}|common" for number in range(4000)]
    found = Attributes.of(RecordColumns(ids, {"KIND": kinds}), ids)
    assert len(found) == MOST_NAMES
    assert "common" in found.names["KIND"]
    assert np.diff(found.matrix([{"KIND": "common"}]).indptr).tolist() == [1]
