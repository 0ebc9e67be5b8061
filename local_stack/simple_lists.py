"""Simple lists without a model: baselines that a recommender must beat."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_POPULAR = "most popular items"
OWN_ITEMS = "own items again"
OWN_CATEGORIES = "own categories"
FIRST_CATEGORY = 0.6  # of the places: six of ten for the customer's most frequent category, four for the next


@dataclass(frozen=True)
class SimpleLists:
    """Makes the lists from the items by popularity, the most popular first, and the category of each item.

    Without categories there is no list *own categories*.
    """

    popular: Sequence[str]
    categories: Mapping[str, str] = field(default_factory=dict)

    def for_history(self, history: Sequence[str], places: int) -> dict[str, list[str]]:
        """Return every list by name, best item first; ``history`` has an item id per interaction, oldest first."""
        lists = {
            MOST_POPULAR: self._filled([], places),
            OWN_ITEMS: self._filled(_commonest(history), places),
        }
        return lists | self._own_categories(history, places, without=())

    def for_new_items(self, history: Sequence[str], places: int) -> dict[str, list[str]]:
        """Return every list without the items of the history, and therefore without *own items again*."""
        own = set(history)
        return {MOST_POPULAR: self._filled([], places, own)} | self._own_categories(history, places, without=own)

    def _own_categories(self, history: Sequence[str], places: int, without: Collection[str]) -> dict[str, list[str]]:
        if not self.categories:
            return {}
        top = _commonest([self.categories[item] for item in history if item in self.categories])[:2]
        shelves = [
            [item for item in self.popular if self.categories.get(item) == name and item not in without] for name in top
        ]
        first, second = (*shelves, [], [])[:2]
        cut = round(places * FIRST_CATEGORY)
        ranked = [*first[:cut], *second[: places - cut], *first[cut:], *second[places - cut :]]
        return {OWN_CATEGORIES: self._filled(ranked, places, without)}

    def _filled(self, items: Sequence[str], places: int, without: Collection[str] = ()) -> list[str]:
        """Fill a list up with the most popular items that are not in it yet."""
        filled = list(items[:places])
        more = (item for item in self.popular if item not in filled and item not in without)
        return filled + [item for _, item in zip(range(places - len(filled)), more, strict=False)]


def by_popularity(item_ids: Iterable[str]) -> tuple[str, ...]:
    """Return each item once, by decreasing frequency, then by name."""
    counts = Counter(item_ids)
    return tuple(sorted(counts, key=lambda item: (-counts[item], item)))


def _commonest(values: Sequence[str]) -> list[str]:
    """Return each value once, by decreasing frequency, then the newest first."""
    counts, newest = Counter(values), {value: place for place, value in enumerate(values)}
    return sorted(counts, key=lambda value: (-counts[value], -newest[value]))
