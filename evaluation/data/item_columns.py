"""Which columns of the Items dataset hold categories and titles, by their names, and which hold text to be read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from recommender_models.record_columns import RecordColumns, categories

CATEGORY_COLUMNS = ("CATEGORY_L1", "CATEGORY", "CATEGORIES", "GENRES", "GENRE")
"""CATEGORY_L1 and GENRES are Amazon Personalize's own names (Developer Guide, "Items dataset")."""
TITLE_COLUMNS = ("TITLE", "NAME", "ITEM_NAME", "PRODUCT_NAME", "DESCRIPTION")


def categories_of(items: RecordColumns) -> dict[str, list[str]]:
    """Return the categories of each item that has some; several stand apart by ``|``."""
    values = _values(items, CATEGORY_COLUMNS)
    found = {item: categories(value if value is None else str(value)) for item, value in values.items()}
    return {item: names for item, names in found.items() if names}


def titles_of(items: RecordColumns) -> dict[str, str]:
    """Return the title of each item that has one."""
    return {item: str(value) for item, value in _values(items, TITLE_COLUMNS).items() if value}


def described(items: RecordColumns) -> RecordColumns:
    """Return the same items, and which columns are text to be read: those of which most values occur only once."""
    texts = [name for name, values in items.columns.items() if _is_text(values)]
    return replace(items, textual=texts)


def _is_text(values: Sequence[object]) -> bool:
    counts = Counter(value for value in values if isinstance(value, str))
    return sum(count == 1 for count in counts.values()) > sum(counts.values()) / 2


def _values(items: RecordColumns, names: Sequence[str]) -> Mapping[str, object]:
    by_name = {name.upper(): values for name, values in items.columns.items()}
    column = next((by_name[name] for name in names if name in by_name), None)
    return {} if column is None else dict(zip(items.ids, column, strict=True))
