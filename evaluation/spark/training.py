"""What Spark has counted, as the comparison and the models see it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from recommender_models.training_set import Codes

COUNTING = frozenset({"random", "popularity", "popularity-30d", "popularity-category", "history", "co-visitation"})


@dataclass(frozen=True, eq=False)
class SparkTraining:
    """See ``training.Training``. ``recent``: of each item, in the 30 days before the end; ``visits``: with each item.

    ``together``: how often items go with those that the test users had; ``gram``: X'X, or None with too many items.
    """

    item_ids: Sequence[str]
    interactions: int
    first: int
    last: int
    by_item: npt.NDArray[np.int64]
    recent: npt.NDArray[np.int64]
    first_by_item: npt.NDArray[np.int64]
    by_user: npt.NDArray[np.int64]
    visits: npt.NDArray[np.int64]
    together: sparse.csr_array
    gram: sparse.csr_array | None

    @property
    def recommenders(self) -> Set[str]:
        """Return the names of those that can be made of these counts."""
        return COUNTING | ({"ease"} if self.gram is not None else set())

    def __len__(self) -> int:
        return self.interactions

    def item_counts(self, size: int) -> npt.NDArray[np.int64]:
        return np.pad(self.by_item, (0, size - len(self.by_item)))

    def user_counts(self) -> npt.NDArray[np.int64]:
        return self.by_user

    def first_times(self, size: int) -> npt.NDArray[np.int64]:
        filling = np.iinfo(np.int64).max
        return np.pad(self.first_by_item, (0, size - len(self.first_by_item)), constant_values=filling)

    def late(self, moment: int) -> int:
        return int(self.last >= moment) * len(self)


def of_folder(folder: Path, facts: Mapping[str, Any], item_ids: Sequence[str]) -> SparkTraining:
    """Return what ``client`` has written. ``facts``: of the training; ``item_ids``: of the training, sorted."""
    code = {item: number for number, item in enumerate(item_ids)}
    items = pl.read_parquet(folder / "items.parquet")
    order = np.argsort(coded(items["item"], code))
    by_item, recent, first = (items[name].to_numpy().astype(np.int64)[order] for name in ("n", "recent", "first"))
    visits = pl.read_parquet(folder / "of_items.parquet")
    users = pl.read_parquet(folder / "users.parquet")
    gram = folder / "gram.parquet"
    return SparkTraining(
        item_ids=item_ids,
        interactions=facts["n"],
        first=facts["first"],
        last=facts["last"],
        by_item=by_item,
        recent=recent,
        first_by_item=first,
        by_user=np.repeat(users["interactions"].to_numpy(), users["n"].to_numpy()).astype(np.int64),
        visits=visits["n"].to_numpy().astype(np.int64)[np.argsort(coded(visits["item"], code))],
        together=_pairs(folder / "together.parquet", code),
        gram=_pairs(gram, code) if gram.exists() else None,
    )


def coded(column: pl.Series, code: Mapping[str, int]) -> Codes:
    """Return the code of each text."""
    return np.array([code[text] for text in column.to_list()], dtype=np.int64)


def _pairs(path: Path, code: Mapping[str, int]) -> sparse.csr_array:
    table = pl.read_parquet(path)
    places = coded(table["first"], code), coded(table["then"], code)
    return sparse.csr_array((table["n"].to_numpy().astype(np.float32), places), shape=(len(code),) * 2)
