"""Who is in which variant when the weights change, and which shares follow."""

from collections import Counter
from math import inf, sqrt

from broker.experiment import HOLDOUT, experiment_from

from experiments.assignment import MOVED, assigned, epochs

CHANGED = experiment_from(
    {
        "name": "autumn",
        "holdout": 10,
        "variants": {"control": {"weight": 60}, "fresh": {"weight": 20}, "filter": {"weight": 10}},
        "from": "2026-11-16",
        "earlier": [{"from": "2026-11-02", "weights": {"control": 40, "fresh": 40, "filter": 10}}],
    }
)
USERS = [str(number * 2_654_435_761) for number in range(1, 40_001)]


def test_who_moves_is_in_no_variant_of_later_epochs() -> None:
    found = assigned(CHANGED, USERS)
    assert all(first != MOVED for first, _ in found.values())
    moves = {(first, second) for first, second in found.values() if first != second}
    assert moves == {("fresh", MOVED), ("filter", MOVED)}  # the holdout is never left, nor the raised variant
    assert sum(first == HOLDOUT for first, _ in found.values()) == sum(last == HOLDOUT for _, last in found.values())


def test_the_expected_shares_are_those_of_the_customers_that_hashes_assign() -> None:
    found = assigned(CHANGED, USERS)
    for place, epoch in enumerate(epochs(CHANGED)):
        counts = Counter(variants[place] for variants in found.values() if variants[place] != MOVED)
        total = sum(counts.values())
        for name, share in epoch.shares.items():
            assert abs(counts[name] - share * total) < 3.5 * sqrt(total * share * (1 - share)), (epoch.number, name)


def test_an_experiment_without_a_beginning_is_one_epoch_of_all_there_is() -> None:
    (epoch,) = epochs(experiment_from({"name": "a", "variants": {"x": {"weight": 3}, "y": {"weight": 1}}}))
    assert (epoch.began, epoch.ended, dict(epoch.shares)) == (-inf, inf, {"x": 0.75, "y": 0.25})


def test_epochs_follow_each_other_without_a_gap() -> None:
    first, second = epochs(CHANGED)
    assert (first.began, first.ended, second.ended) == (1_793_577_600_000, second.began, inf)


def test_only_an_mpid_has_a_variant() -> None:
    assert set(assigned(CHANGED, ["7", "-12", "anna", "1e5"])) == {"7", "-12"}
