"""A catalogue for the filters' tests, which counts how often it is read, and short ways to filter with it."""

from collections.abc import Iterable, Mapping, Sequence

from personalize_local.filters.evaluation import Selection
from personalize_local.filters.language import parse
from recommender_models.interactions import Interaction

Properties = Mapping[str, object]

COLUMNS = {
    "ITEMS": {
        "ITEM_ID": frozenset({"string"}),
        "GENRE": frozenset({"null", "string"}),
        "PRICE": frozenset({"null", "float"}),
        "YEAR": frozenset({"int"}),
        "FRESH": frozenset({"boolean"}),
        "STORY": frozenset({"string", "textual"}),
    },
    "USERS": {"AGE": frozenset({"null", "int"}), "PLAN": frozenset({"string"})},
    "INTERACTIONS": {"EVENT_TYPE": frozenset({"string"}), "EVENT_VALUE": frozenset({"float"})},
    "ACTIONS": {"ACTION_ID": frozenset({"string"}), "CATEGORY": frozenset({"string"}), "VALUE": frozenset({"long"})},
    "ACTION_INTERACTIONS": {"EVENT_TYPE": frozenset({"string"})},
}


class Shelf:
    """A catalogue in memory; ``reads`` counts the passes over all items."""

    def __init__(self, items: Mapping[str, Properties]) -> None:
        self._items = dict(items)
        self.version = 1
        self.reads = 0

    def items(self) -> Iterable[tuple[str, Properties]]:
        self.reads += 1
        return self._items.items()

    def get(self, item_id: str, /) -> Properties | None:
        return self._items.get(item_id)

    def put(self, item_id: str, properties: Properties) -> None:
        """Add or change an item."""
        self._items[item_id] = properties
        self.version += 1


SHELF = {
    "drama": {"GENRE": "drama", "PRICE": 10.0, "YEAR": 1990},
    "comedy": {"GENRE": "comedy", "PRICE": 20.0, "YEAR": 2000},
    "both": {"GENRE": "drama|comedy", "PRICE": 30.0, "YEAR": 2010},
    "unknown": {"GENRE": None, "PRICE": None, "YEAR": 2020},
}


def did(*events: tuple[str, str]) -> list[Interaction]:
    """Return a history of (event type, item), oldest first."""
    return [Interaction("u", item, event_type, float(at), None) for at, (event_type, item) in enumerate(events)]


def selection(
    text: str,
    values: Mapping[str, str] | None = None,
    history: Sequence[Interaction] = (),
    user: Properties | None = None,
    current_item: str | None = None,
) -> Selection:
    """Return what an expression selects from SHELF."""
    return parse(text).bind(values or {}).select(Shelf(SHELF), history, user, current_item)


def allowed(text: str, *args: object, **options: object) -> set[str]:
    """Return the items of SHELF that an expression lets through; arguments as those of ``selection``."""
    chosen = selection(text, *args, **options)  # type: ignore[arg-type]
    return {item for item in SHELF if chosen.allows(item)}
