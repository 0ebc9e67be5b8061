"""Distinct keys and membership by sorting are what NumPy makes of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_models.grouping import are_among, distinct

KEYS = st.lists(st.integers(0, 12) | st.integers(0, 2**62), max_size=30).map(lambda keys: np.array(keys, np.int64))


@given(KEYS)
def test_distinct_keys_are_those_of_numpy(keys: np.ndarray) -> None:
    assert distinct(keys).tolist() == np.unique(keys).tolist()


@given(KEYS, KEYS)
def test_keys_are_among_others_as_numpy_says(keys: np.ndarray, others: np.ndarray) -> None:
    assert are_among(keys, others).tolist() == np.isin(keys, others).tolist()


@pytest.mark.parametrize("function", [distinct, lambda keys: are_among(keys, keys)])
def test_what_is_handed_over_stays_in_its_order(function: object) -> None:
    keys = np.array([3, 1, 2, 1])
    assert callable(function)
    function(keys)
    assert keys.tolist() == [3, 1, 2, 1]
