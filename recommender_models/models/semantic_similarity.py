"""Items that are described alike: cosines in the strongest directions of their words (latent semantic analysis).

    items by words, TF-IDF, lines of length one → the K strongest directions (truncated SVD) → lines of length one

Words that occur together share a direction, so two descriptions can be near without a common word. A word of one item
alone says nothing of others. Amazon Personalize uses embeddings of a language model, which know far more. The number of
directions was not searched for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from recommender_models.models import files
from recommender_models.models.lists import Catalogue, Scored, Selection
from recommender_models.record_columns import Properties, RecordColumns, categories
from recommender_models.training_set import Floats

DIRECTIONS = 100
ITEMS_PER_DIRECTION = 4  # with as many directions as items, each item would have its own
MOST_WORDS = 20_000  # the commonest
FEWEST_ITEMS = 2  # that have a word
NEAREST = 4  # times as many as are asked for are reordered by popularity and freshness
SMALLEST = 1e-6  # score of an item that has nothing in common
WORD = re.compile(r"\w\w+")
CREATED = "CREATION_TIMESTAMP"


@dataclass(frozen=True)
class Vocabulary:
    """``words``: word → number. ``directions``: words by K, scaled by how rare each word is. ``textual``: columns."""

    words: Mapping[str, int]
    directions: Floats
    textual: Sequence[str]

    def places(self, items: Mapping[str, Properties]) -> Floats:
        """Return the place of each item: items by K, of length one, or zero without a known word."""
        texts = [_words(own, self.textual) for own in items.values()]
        return _of_length_one(_counts(texts, self.words) @ self.directions)


class SemanticSimilarity:
    """A trained vocabulary, and the place of each item."""

    kind = "semantic-similarity"

    def __init__(
        self,
        vocabulary: Vocabulary,
        catalogue: Catalogue,
        places: Floats,
        popularity: Floats,
        freshness: Floats,
    ) -> None:
        """``places``: items by K. ``popularity``, ``freshness``: 0 to 1, one an item."""
        self.vocabulary = vocabulary
        self.catalogue = catalogue
        self.places = places
        self.popularity = popularity
        self.freshness = freshness

    @classmethod
    def fit(cls, items: RecordColumns, counts: Mapping[str, float]) -> "SemanticSimilarity":
        """Train on at least one item. ``counts``: how many interactions items have, by id."""
        properties = items.properties()
        texts = {item: _words(own, items.textual) for item, own in properties.items()}
        words, rarity = _rarity(texts.values())
        directions = _directions(_matrix(texts.values(), words, rarity)) * rarity[:, None]
        vocabulary = Vocabulary(words, directions, items.textual)
        most = max(counts.values(), default=0) or 1
        shares = np.array([counts.get(item, 0) / most for item in properties], dtype=np.float32)
        freshness = _freshness([own.get(CREATED) for own in properties.values()])
        return cls(vocabulary, Catalogue(list(properties)), vocabulary.places(properties), shares, freshness)

    def with_new_items(self, items: Mapping[str, Properties]) -> "SemanticSimilarity":
        """Return the same vocabulary for the items of now; popularity and freshness are those of the training."""
        known = self.catalogue.code
        before = np.array([known.get(item, -1) for item in items], dtype=np.int64)
        padded = [np.append(values, np.float32(0))[before] for values in (self.popularity, self.freshness)]
        return SemanticSimilarity(
            self.vocabulary, Catalogue(list(items)), self.vocabulary.places(items), padded[0], padded[1]
        )

    def similar(
        self,
        item_id: str,
        limit: int,
        selection: Selection | None = None,
        influence: Mapping[str, float] | None = None,
    ) -> Scored:
        """Return the items most like a given one, without itself; the popular ones if it is unknown.

        ``influence``: ``POPULARITY`` and ``FRESHNESS``, 0 to 1, which reorder the nearest items.
        """
        code = self.catalogue.code.get(item_id)
        if code is None:
            return self.catalogue.best(self.popularity + np.float32(SMALLEST), limit, selection)
        scores = np.maximum(self.places @ self.places[code], SMALLEST)
        weights = {name: value for name, value in (influence or {}).items() if value}
        found = self.catalogue.best(scores, (NEAREST * limit if weights else limit) + 1, selection)
        nearest = [(item, score) for item, score in found if item != item_id]
        added = {
            item: weights.get("POPULARITY", 0) * float(self.popularity[self.catalogue.code[item]])
            + weights.get("FRESHNESS", 0) * float(self.freshness[self.catalogue.code[item]])
            for item, _ in nearest
        }
        return sorted(nearest, key=lambda scored: -(scored[1] + added[scored[0]]))[:limit]

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        known = self.vocabulary
        about: dict[str, Any] = {"kind": self.kind, "item_ids": list(self.catalogue.ids)}
        about |= {"words": known.words, "textual": list(known.textual)}
        arrays = {"directions": known.directions, "places": self.places}
        files.save(folder, about, arrays | {"popularity": self.popularity, "freshness": self.freshness})

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "SemanticSimilarity":
        """Return what ``save`` has written."""
        vocabulary = Vocabulary(about["words"], arrays["directions"], about["textual"])
        own = (arrays[name] for name in ("places", "popularity", "freshness"))
        return cls(vocabulary, Catalogue(about["item_ids"]), *own)


def _words(properties: Properties, textual: Iterable[str]) -> list[str]:
    """Return the words of an item's texts, and its categories, each as one word with the name of its column."""
    read = set(textual)
    found: list[str] = []
    for name, value in properties.items():
        if name in read:
            found += WORD.findall(str(value or "").casefold())
        else:
            found += [f"{name}:{category}" for category in categories(value)]
    return found


def _rarity(texts: Iterable[Sequence[str]]) -> tuple[dict[str, int], Floats]:
    """Return the number of each word, and by number how rare it is: log of the items per item that has it."""
    items, of_words = 0, Counter[str]()
    for text in texts:
        items += 1
        of_words.update(set(text))
    common = [(word, count) for word, count in of_words.items() if count >= FEWEST_ITEMS]
    chosen = sorted(sorted(common, key=lambda pair: (-pair[1], pair[0]))[:MOST_WORDS])
    rarity = np.array([np.log(items / count) for _, count in chosen], dtype=np.float32)
    return {word: number for number, (word, _) in enumerate(chosen)}, rarity


def _counts(texts: Iterable[Sequence[str]], words: Mapping[str, int]) -> sparse.csr_array:
    """Return how often each item has each word, by its logarithm: items by words."""
    lines, columns, values, size = [], [], [], 0
    for size, text in enumerate(texts, 1):
        for word, count in Counter(word for word in text if word in words).items():
            lines.append(size - 1)
            columns.append(words[word])
            values.append(1 + np.log(count))
    return sparse.csr_array((np.array(values, dtype=np.float32), (lines, columns)), shape=(size, len(words)))


def _matrix(texts: Iterable[Sequence[str]], words: Mapping[str, int], rarity: Floats) -> sparse.csr_array:
    weighed = (_counts(texts, words) * rarity[None, :]).tocsr()
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(weighed.indptr))
    return weighed


def _directions(matrix: sparse.csr_array) -> Floats:
    """Return words by at most K directions, the strongest first."""
    count = min(DIRECTIONS, max(2, matrix.shape[0] // ITEMS_PER_DIRECTION), min(matrix.shape) - 1)
    if count < 1:
        return np.ones((matrix.shape[1], 1), dtype=np.float32)
    _, strengths, lines = svds(matrix.astype(np.float64), k=count, v0=np.ones(min(matrix.shape)))
    order = np.argsort(-strengths)
    usable = order[strengths[order] > 1e-6 * strengths.max()]
    return np.ascontiguousarray(lines[usable].T, dtype=np.float32)


def _of_length_one(places: Floats) -> Floats:
    lengths = np.sqrt((places**2).sum(axis=1, keepdims=True))
    return np.asarray(places / np.maximum(lengths, 1e-12), dtype=np.float32)


def _freshness(created: Sequence[Any]) -> Floats:
    """Return how new items are, the newest 1, the oldest and those without a time 0."""
    times = np.array([np.nan if time is None else float(time) for time in created])
    known = times[~np.isnan(times)]
    span = float(np.ptp(known)) if len(known) else 0.0
    if not span:
        return np.zeros(len(times), dtype=np.float32)
    return np.nan_to_num((times - known.min()) / span).astype(np.float32)
