"""Gradient boosting that predicts the next group, and what each user loses by it: trained on other users alone."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evaluation.features.examples import Floats
from recommender_models.training_set import Codes

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

LEAST = 1e-6  # probability: a group that was not there to learn costs 14 nats, not infinitely many
VALIDATED = 0.15  # of the users to learn from, for when to stop


@dataclass(frozen=True)
class Model:
    """``columns``: the column of each group in what the trees answer, -1 for one that was not there to learn."""

    trees: "HistGradientBoostingClassifier"
    columns: Codes

    def losses(self, table: Floats, came: Codes) -> Floats:
        """Return the log loss of each line, in nats."""
        chances = self.trees.predict_proba(table)
        column = self.columns[came]
        probabilities = np.where(column >= 0, chances[np.arange(len(came)), column], 0.0)
        return -np.log(np.maximum(probabilities, LEAST))


def load() -> None:
    """Load what trains: it takes seconds, and its threads can be limited from then on."""
    importlib.import_module("sklearn.ensemble")


def fit(table: Floats, came: Codes, users: Codes, categorical: npt.NDArray[np.bool_], groups: int, seed: int) -> Model:
    """Fit to some users, and stop when others of them gain no more: an attribute could name a user."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    distinct = np.unique(users)
    held = np.random.default_rng(seed).permutation(distinct)[: max(1, int(VALIDATED * len(distinct)))]
    apart = np.isin(users, held) & np.isin(came, came[~np.isin(users, held)])
    rest = ~np.isin(users, held)
    trees = HistGradientBoostingClassifier(
        max_iter=200,
        max_leaf_nodes=15,
        learning_rate=0.1,
        l2_regularization=1.0,
        categorical_features=categorical,
        early_stopping=bool(apart.any()),
        random_state=seed,
    )
    validation = {"X_val": table[apart], "y_val": came[apart]} if apart.any() else {}
    trees.fit(table[rest], came[rest], **validation)
    columns = np.full(groups, -1)
    columns[trees.classes_] = np.arange(len(trees.classes_))
    return Model(trees, columns)


def prior_losses(training_groups: Codes, came: Codes, groups: int) -> Floats:
    """Return the log loss of guessing by how frequent each group is."""
    shares = np.bincount(training_groups, minlength=groups) / len(training_groups)
    return -np.log(np.maximum(shares[came], LEAST))
