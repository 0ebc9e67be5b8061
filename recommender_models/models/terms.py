"""Why an item has its score: the terms of ``UserPersonalization`` one by one, and which own items speak for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from recommender_models import history as past
from recommender_models.history import Event, History
from recommender_models.models.segments import Properties
from recommender_models.models.transitions import RECENT_STEPS
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.training_set import Floats


@dataclass(frozen=True)
class Terms:
    """The terms of one item's score, which add up to it.

    ``similar``: by what the user's items say for it; ``again``: it is one of these; ``popular``: recent popularity;
    ``follows``: what comes after the user's last steps, where the model knows that; ``fits``: what its attributes, and
    the place that a new item gets, add to that.
    ``because`` has the own items that speak for it, each with its share of ``similar``, the strongest first.
    """

    similar: float
    again: float
    popular: float
    follows: float = 0.0
    fits: float = 0.0
    because: Mapping[str, float] = field(default_factory=dict)


def terms(
    model: UserPersonalization, events: Sequence[Event], items: Sequence[str], user: Properties | None = None
) -> dict[str, Terms]:
    """Return the terms of those of the items that the model knows; arguments as of ``recommend``."""
    known = len(model.similarities)
    coded = [(model.catalogue.code.get(item, known), time, weight) for item, time, weight in events]
    counted = [event for event in coded if event[0] < known and event[2] > 0]
    codes = {item: model.catalogue.code[item] for item in items if item in model.catalogue.code}
    popular = model.popularity.for_user(user)
    if not counted:
        return {item: Terms(0.0, 0.0, float(popular[code])) for item, code in codes.items()}
    own = past.for_one(counted, model.settings)
    said = [_padded(model, History(own.items[i : i + 1], own.weights[i : i + 1])) for i in range(len(own.items))]
    affinity = np.maximum(np.sum(said, axis=0), 0)
    repeat, popularity = model.settings.repeat, model.settings.popularity
    total = 1 + repeat + popularity + model.settings.sequence
    follows, scores = _following(model, counted), model.scores(events, user)
    again = dict(zip(own.items.tolist(), own.weights / own.weights.sum(), strict=True))

    def of(code: int) -> Terms:
        similar = float(affinity[code] / max(affinity.sum(), 1e-30) / total)
        others = Terms(
            similar=similar,
            again=float(repeat * again.get(code, 0.0) / total),
            popular=float(popularity * popular[code] / total),
            follows=float(follows[code] / total),
            because=_shares(model, own, [float(line[code]) for line in said]),
        )
        rest = float(scores[code]) - (others.similar + others.again + others.popular + others.follows)
        return replace(others, similar=similar + min(rest, 0), fits=max(rest, 0)) if model.content else others

    return {item: of(code) for item, code in codes.items()}


def _padded(model: UserPersonalization, history: History) -> Floats:
    """Return the affinity of every item of the catalogue; nothing is said for those without interactions."""
    affinity = np.zeros(len(model.catalogue), dtype=np.float32)
    affinity[: len(model.similarities)] = model.similarities.affinity(history)
    return affinity


def _following(model: UserPersonalization, events: Sequence[tuple[int, float, float]]) -> Floats:
    """Return for every item of the catalogue its share of what follows the last steps, by the weight of that."""
    shares = np.zeros(len(model.catalogue), dtype=np.float32)
    if model.transitions and model.settings.sequence:
        following = model.transitions.affinity(past.for_one(events, RECENT_STEPS))
        shares[: len(following)] = model.settings.sequence * following / max(following.sum(), 1e-30)
    return shares


def _shares(model: UserPersonalization, own: History, said: Sequence[float]) -> dict[str, float]:
    """Return each own item's share of what speaks for an item; what speaks against it is left out."""
    speaking = sorted(
        ((value, model.catalogue.ids[code]) for code, value in zip(own.items.tolist(), said, strict=True) if value > 0),
        reverse=True,
    )
    total = sum(value for value, _ in speaking)
    return {item: value / total for value, item in speaking}
