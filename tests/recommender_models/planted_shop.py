"""A shop in which each user likes one kind of item, and in which some items are new: nobody has taken them."""

from collections.abc import Sequence

import numpy as np

from recommender_models.history import Event
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import DAY
from recommender_models.training_set import TrainingSet
from tests.recommender_models.rows import visits

KINDS, EACH, USERS, EVENTS = 5, 20, 120, 12
LIKED = 0.8  # of what a user takes, the rest is anything
NEWEST = 100 * DAY


class PlantedShop:
    """``kinds``: item → what it is; ``new``: one item of each kind that is in nobody's history, by kind."""

    def __init__(self, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        sold = [f"i{number:03}" for number in range(KINDS * EACH)]
        self.new = {f"kind {kind}": f"new {kind}" for kind in range(KINDS)}
        self.kinds = {item: f"kind {number % KINDS}" for number, item in enumerate(sold)}
        self.kinds |= {item: kind for kind, item in self.new.items()}
        self.prices = dict(zip(self.kinds, random.uniform(1, 50, len(self.kinds)).tolist(), strict=True))
        self.likes = {f"u{user:03}": f"kind {user % KINDS}" for user in range(USERS)}
        self.seen: list[tuple[str, str, float]] = []
        for user, kind in self.likes.items():
            own = [item for item in sold if self.kinds[item] == kind]
            for time in np.sort(random.uniform(0, NEWEST, EVENTS)):
                choice = own if random.random() < LIKED else sold
                self.seen.append((user, choice[random.integers(len(choice))], float(time)))

    @property
    def rows(self) -> TrainingSet:
        """Return what was taken."""
        return visits(self.seen)

    def items(self, kinds: Sequence[str] | None = None) -> RecordColumns:
        """Return the Items dataset; ``kinds``: others than the true ones."""
        return RecordColumns(
            list(self.kinds), {"KIND": list(kinds or self.kinds.values()), "PRICE": list(self.prices.values())}
        )

    def history(self, user: str) -> list[Event]:
        """Return what a user took."""
        return [(item, time, 1.0) for owner, item, time in self.seen if owner == user]
