"""Items like a given one: wanted by the same users, and, if the Items dataset says more of them, of the same kind.

    similarity = cosine of co-occurrence with shrinkage + METADATA · cosine of the shared categories

A category counts by how rare it is (log of the items per item in it), so that a shared brand says more than a shared
department; text columns are taken as categories, several in one field apart by ``|``. Behind the similar items come the
popular ones, and only those if the given item is unknown (Developer Guide, "Similar-Items recipe", "SIMS recipe").
SIMS is the same without the Items dataset. Shrinkage and weights were not searched for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recommender_models.models import files, item_knn
from recommender_models.models.lists import Catalogue, Scored, Selection, top
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.models.segments import Properties
from recommender_models.record_columns import RecordColumns, categories
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

METADATA = 0.1
POPULARITY = 0.01  # beside similarity, enough to part what is equally similar
PARTS = ("data", "indices", "indptr")


class SimilarItems:
    """Trained similarities."""

    kind = "similar-items"

    def __init__(
        self, catalogue: Catalogue, nearest: sparse.csr_array, kinds: sparse.csr_array, popularity: Floats
    ) -> None:
        """``nearest``: items by items, only those with interactions; ``kinds``: items by categories, of length one."""
        self.catalogue = catalogue
        self.nearest = nearest
        self.kinds = kinds
        self.popularity = popularity

    @classmethod
    def fit(cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings) -> "SimilarItems":
        """Train on at least one interaction; neither users nor settings matter."""
        counted = PopularityCount.fit(rows, users, items, settings)
        kinds = _kinds(items, counted.catalogue)
        return cls(counted.catalogue, item_knn.nearest(rows), kinds, counted.shares)

    def similar(self, item_id: str, limit: int, selection: Selection | None = None) -> Scored:
        """Return the items most like the given one, without itself; the popular ones if it is unknown."""
        code = self.catalogue.code.get(item_id)
        if code is None:
            return self.catalogue.best(self.popularity, limit, selection)
        scored = self.catalogue.best(self._scores(code), limit + 1, selection)
        return [(item, score) for item, score in scored if item != item_id][:limit]

    def _scores(self, code: int) -> Floats:
        like = np.zeros(len(self.catalogue), dtype=np.float32)
        if self.kinds.shape[1]:
            like += np.float32(METADATA) * (self.kinds @ _line(self.kinds, code))
        if code < self.nearest.shape[0]:
            like[: self.nearest.shape[0]] += _line(self.nearest, code)
        like[code] = 0
        total = like.sum()
        return (like / total + POPULARITY * self.popularity) / (1 + POPULARITY) if total > 0 else self.popularity

    def lists(self, rows: TrainingSet, users: Sequence[Properties | None], limit: int) -> Codes:
        """Return codes for each of ``rows.user_ids``: what is similar to the newest item, for one without the popular.

        ``rows`` are by user, then time.
        """
        newest = np.full(len(rows.user_ids), -1)
        newest[rows.users] = rows.items  # of several for one user the last one stays
        lists_by_item = {code: self._best(code, limit) for code in np.unique(newest).tolist()}
        return np.stack([lists_by_item[code] for code in newest.tolist()])

    def _best(self, code: int, limit: int) -> Codes:
        """Return the codes of the items most similar to one, or the popular ones for -1; -1 where there are no more."""
        codes = top(self.popularity if code < 0 else self._scores(code), limit + 1)
        codes = codes[codes != code][:limit]
        return np.concatenate([codes, np.full(limit - len(codes), -1, dtype=codes.dtype)])

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        arrays = {"popularity": self.popularity}
        for part in PARTS:
            arrays |= {f"nearest_{part}": getattr(self.nearest, part), f"kinds_{part}": getattr(self.kinds, part)}
        about = {"kind": self.kind, "item_ids": list(self.catalogue.ids), "categories": self.kinds.shape[1]}
        files.save(folder, about, arrays)

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "SimilarItems":
        """Return what ``save`` has written."""
        catalogue, trained = Catalogue(about["item_ids"]), len(arrays["nearest_indptr"]) - 1
        nearest = sparse.csr_array(tuple(arrays[f"nearest_{part}"] for part in PARTS), shape=(trained, trained))
        shape = len(catalogue), about["categories"]
        kinds = sparse.csr_array(tuple(arrays[f"kinds_{part}"] for part in PARTS), shape=shape)
        return cls(catalogue, nearest, kinds, arrays["popularity"])


class Sims(SimilarItems):
    """The same without the Items dataset (Developer Guide, "SIMS recipe")."""

    @classmethod
    def fit(cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings) -> "SimilarItems":
        """Train on interactions alone."""
        return SimilarItems.fit(rows, RecordColumns(), RecordColumns(), settings)


def _line(matrix: sparse.csr_array, line: int) -> Floats:
    full = np.zeros(matrix.shape[1], dtype=np.float32)
    part = slice(matrix.indptr[line], matrix.indptr[line + 1])
    full[matrix.indices[part]] = matrix.data[part]
    return full


def _kinds(items: RecordColumns, catalogue: Catalogue) -> sparse.csr_array:
    """Return one line an item, one column a category that several items share, each line of length one."""
    number: dict[tuple[str, str], int] = {}
    lines, columns = [], []
    for name in sorted(items.columns):
        for item, value in zip(items.ids, items.columns[name], strict=True):
            for category in categories(value):
                lines.append(catalogue.code[item])
                columns.append(number.setdefault((name, category), len(number)))
    shape = len(catalogue), len(number)
    held = sparse.csr_array((np.ones(len(lines), dtype=np.float32), (lines, columns)), shape=shape)
    per_category = np.bincount(columns, minlength=len(number)) if columns else np.zeros(0)
    shared = np.flatnonzero((per_category > 1) & (per_category < len(catalogue)))
    rarity = np.log(len(catalogue) / per_category[shared]).astype(np.float32)
    weighed = (held[:, shared] * rarity).tocsr()
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed.data /= np.repeat(lengths, np.diff(weighed.indptr))
    return weighed
