"""How often items go together, added up over parts on disk: some lines of items at a time."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from recommender_models.models.item_knn import Mask, PairFactors, strongest_pairs, wanted_lines

LEAST_LINES, MOST_GROUPS = 256, 256
ENTRY = np.dtype([("line", np.int32), ("column", np.int32), ("value", np.float64)])


def strongest(
    parts: Iterable[PairFactors], size: int, most: int, wanted: Mask | None, folder: Path, memory: int
) -> sparse.csr_array:
    """Return the same as ``item_knn.strongest`` of all parts together. ``size``: of items.

    Sums are made in double precision: those of whole numbers and of halves are exact. ``folder``: for intermediate
    files; ``memory``: bytes.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        counts, groups = np.zeros(size), _Groups(Path(place), size, memory)
        for part in parts:
            counts += part.counts
            groups.add(wanted_lines(part.first, wanted), part.then)
        usual = np.sqrt(counts.astype(np.float32))
        blocks = [strongest_pairs(pairs, start, usual, most) for start, pairs in groups.sums()]
    return sparse.vstack(blocks, format="csr")


class _Groups:
    """Sums of pairs, in one file for some lines of items each."""

    def __init__(self, folder: Path, size: int, memory: int) -> None:
        self._folder, self._size = folder, size
        self._lines = max(LEAST_LINES, -(-size // MOST_GROUPS))
        self._largest = memory // 16  # bytes of a file before it is added up
        self._grown = dict.fromkeys(range(0, size, self._lines), 0)

    def add(self, first: sparse.csr_array, then: sparse.csr_array) -> None:
        """Add the pairs of a part."""
        for start in self._grown:
            self._append(start, _entries((first[start : start + self._lines] @ then).tocsr()))

    def _append(self, start: int, entries: np.ndarray) -> None:
        with self._path(start).open("ab") as file:
            entries.tofile(file)
        self._grown[start] += entries.nbytes
        if self._grown[start] > self._largest:
            _entries(self._sum(start)).tofile(self._path(start))
            self._grown[start] = 0

    def sums(self) -> Iterator[tuple[int, sparse.csr_array]]:
        """Yield some lines of the sum at a time, with the first of them."""
        for start in self._grown:
            pairs = self._sum(start)
            pairs.data = pairs.data.astype(np.float32)
            yield start, pairs

    def _sum(self, start: int) -> sparse.csr_array:
        path = self._path(start)
        entries = np.fromfile(path, dtype=ENTRY) if path.exists() else np.empty(0, dtype=ENTRY)
        shape = min(self._lines, self._size - start), self._size
        return sparse.csr_array((entries["value"], (entries["line"], entries["column"])), shape=shape)

    def _path(self, start: int) -> Path:
        return self._folder / f"{start}.pairs"


def _entries(pairs: sparse.csr_array) -> np.ndarray:
    entries = np.empty(pairs.nnz, dtype=ENTRY)
    entries["line"] = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    entries["column"], entries["value"] = pairs.indices, pairs.data
    return entries
