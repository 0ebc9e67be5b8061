"""In which variant each customer is in each epoch, and which share of them each variant should have.

A change of weights begins an epoch, and moves some customers. Those are left out of the epochs after their move, seen
before it or not: so the customers of every variant are the same mix of old and new ones, and their expected shares are
known.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.experiment import HOLDOUT, Experiment, Variant
from broker.json_values import int64

MOVED = ""  # in place of a variant's name


@dataclass(frozen=True)
class Epoch:
    """One epoch from ``began`` until before ``ended``, in epoch milliseconds. ``shares``: expected, by variant."""

    number: int
    began: float
    ended: float
    shares: Mapping[str, float]


def epochs(experiment: Experiment) -> list[Epoch]:
    """Return the epochs of an experiment, oldest first."""
    began = [epoch.began * 1000.0 for epoch in experiment.earlier]
    began.append(-math.inf if experiment.began is None else experiment.began * 1000.0)
    weights = _weights(experiment)
    return [
        Epoch(number + 1, first, last, _shares(weights[: number + 1], experiment.holdout / 100))
        for number, (first, last) in enumerate(zip(began, [*began[1:], math.inf], strict=True))
    ]


def assigned(experiment: Experiment, users: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return each customer's variant in each epoch, ``MOVED`` from their move on; without who has no mpid."""
    by_epoch = [replace(experiment, variants=_variants(weights)) for weights in _weights(experiment)]
    found: dict[str, tuple[str, ...]] = {}
    for user in users:
        mpid = int64(user)
        if mpid is not None:
            found[user] = _until_moved([epoch.variant_of(mpid) for epoch in by_epoch])
    return found


def _until_moved(variants: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        variant if set(variants[: place + 1]) == {variant} else MOVED for place, variant in enumerate(variants)
    )


def _weights(experiment: Experiment) -> list[Mapping[str, int]]:
    now = {name: variant.weight for name, variant in experiment.variants.items()}
    return [*(epoch.weights for epoch in experiment.earlier), now]


def _variants(weights: Mapping[str, int]) -> dict[str, Variant]:
    return {name: Variant(weight) for name, weight in weights.items()}


def _shares(weights: Sequence[Mapping[str, int]], holdout: float) -> dict[str, float]:
    """Return the shares among those who are in one variant in all of the epochs.

    A customer has an exponential variable of rate ``weight`` for each variant, and the smallest decides. So a variant
    is theirs in all epochs with the probability 1 / (1 + the sum of the others' largest weights by its own).
    """
    stayed = {
        name: (1 - holdout)
        / (1 + sum(max(w[other] / w[name] for w in weights) for other in weights[0] if other != name))
        for name in weights[0]
    }
    everybody = stayed | ({HOLDOUT: holdout} if holdout else {})
    return {name: share / sum(everybody.values()) for name, share in everybody.items()}
