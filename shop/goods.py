"""What the shop sells: search, categories and best-sellers. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from local_stack.items4u.catalogue import CATEGORIES, Item

TITLES: Mapping[str, str] = {
    "coffee-tea": "Coffee & tea",
    "bath-care": "Bath & care",
    "desk": "For the desk",
    "bags": "Bags",
}


def title_of(category: str) -> str:
    """Return a category's name for people."""
    return TITLES.get(category, category.capitalize())


class Goods:
    """The items on sale, in the order of the catalogue."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.by_id = {item.id: item for item in items}
        self.categories = CATEGORIES

    def search(self, text: str, category: str = "") -> list[Item]:
        """Return the items that have all words in name, brand, style or category, those with them in the name first."""
        words = text.casefold().split()
        found = [
            item
            for item in self.items
            if (not category or item.category == category)
            and all(word in f"{item.name} {item.brand} {item.style} {item.category}".casefold() for word in words)
        ]
        return sorted(found, key=lambda item: not all(word in item.name.casefold() for word in words))

    def known(self, ids: Iterable[str]) -> list[Item]:
        """Return the items of these ids that are on sale, in this order."""
        return [self.by_id[item_id] for item_id in ids if item_id in self.by_id]

    def best_sellers(self, sold: Mapping[str, int], limit: int) -> list[Item]:
        """Return what was sold most often; equal numbers by name."""
        return sorted(self.items, key=lambda item: (-sold.get(item.id, 0), item.name))[:limit]
