"""Simulated tests of recommenders that are all equally good: how often one is called better, or worse."""

from collections import Counter

import numpy as np
import pytest

from evaluation.scoring import opponents, uncertainty
from evaluation.scoring.uncertainty import TOO_FEW
from evaluation.task import ALL_ITEMS
from tests.draws import draws
from tests.evaluation import by_chance
from tests.evaluation.by_chance import EQUALS, GIVEN, NAMES, Draw

pytestmark = pytest.mark.server  # takes long

TIMES = {100: draws(1000, 60), 500: draws(1000, 60), 5000: draws(1000, 12)}
DRAWS: dict[str, Draw] = {"light": by_chance.light, "heavy": by_chance.heavy}


def simulated(random: np.random.Generator, draw: Draw, n: int, *, validation: bool) -> dict[str, list[str]]:
    """Return the verdicts of one test of eight equals and of given lists that are as good as they are."""
    values = by_chance.equals(random, draw, n)
    taking_part = by_chance.candidates(by_chance.equals(random, draw, 1000) if validation else None)
    means = {name: float(each.mean()) for name, each in values.items()}
    best = opponents.best_of(taking_part[: EQUALS // 2], ALL_ITEMS, means)
    here = opponents.best_of(taking_part, ALL_ITEMS, means)
    model = opponents.best_of(taking_part[EQUALS // 2 :], ALL_ITEMS, means)
    assert best is not None
    assert here is not None
    assert model is not None
    rows = opponents.against([name for name in NAMES if name != best.name], best, values, seed=1)
    given = opponents.against([GIVEN], here, values, seed=1)
    return {
        "any row": [each.verdict for each in rows.values()],
        "headline": [rows[model.name].verdict],
        "given": [given[GIVEN].verdict],
    }


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("n", TIMES)
@pytest.mark.parametrize("tails", DRAWS)
def test_equals_are_told_apart_no_more_often_than_by_chance(tails: str, n: int, *, validation: bool) -> None:
    if n > 500 and not validation:
        pytest.skip("it is the same arithmetic, and takes long")
    random, times = np.random.default_rng([n, validation, len(tails)]), TIMES[n]
    said: dict[str, Counter[str]] = {}
    for _ in range(times):
        for what, verdicts in simulated(random, DRAWS[tails], n, validation=validation).items():
            said.setdefault(what, Counter()).update(set(verdicts))
    print(f"\n{tails} tails, {n} users, validation {validation}: of {times}, {said}")  # noqa: T201
    told = {what: counts["better"] + counts["worse"] for what, counts in said.items()}
    assert told["any row"] <= by_chance.most(times, 0.05), said
    for what in ("headline", "given"):
        for verdict in ("better", "worse"):
            assert said[what][verdict] <= by_chance.most(times, 0.025), (what, said)
    assert said["headline"][TOO_FEW] <= times // 2  # most could be told, had there been a difference


@pytest.mark.parametrize("n", [99, 100])
def test_below_100_users_nothing_is_told_however_large_the_difference(n: int) -> None:
    random = np.random.default_rng(n)
    verdicts = {uncertainty.compare(random.normal(1, 0.1, n), np.zeros(n), 1).verdict for _ in range(5)}
    assert verdicts == ({"too few"} if n < 100 else {"better"})
